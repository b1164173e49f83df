import type { Engine } from '../http/engine.ts'
import type { Secrets } from '../http/secrets.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { createExplorer } from './explorer.ts'
import { formLogins } from './form-login.ts'
import { jsonLogins } from './json-login.ts'
import { findLoggedInCheck } from './logged-in-check.ts'
import { findLogout } from './logout.ts'
import { findRefresh } from './refresh.ts'

/** No way to log in was found; says what was tried. */
export class DiscoveryFailed extends Error {
  constructor(tried: readonly string[]) {
    super(
      `found no way to log in. Tried: ${tried.length === 0 ? 'no form with a password, no JSON endpoint that answers' : tried.join('; ')}. Is the password right? A recipe can say how to log in: sojourn-audit init`,
    )
    this.name = 'DiscoveryFailed'
  }
}

/** Finds out how to log in, how to tell that one is, and how to log out; written as a recipe. */
export async function discover(engine: Engine, secrets: Secrets, user: User): Promise<Recipe> {
  const explorer = createExplorer(engine, secrets, user)
  const tried: string[] = []
  for (const find of [formLogins, jsonLogins]) {
    for await (const candidate of find(explorer)) {
      const recipe = await tryOut(explorer, candidate)
      if (recipe !== null) return recipe
      tried.push(`${candidate.words} (answered ${candidate.exchanges.at(-1)?.response?.status ?? 'nothing'})`)
    }
  }
  throw new DiscoveryFailed(tried)
}

async function tryOut(explorer: Explorer, candidate: Candidate): Promise<Recipe | null> {
  const loggedIn = await findLoggedInCheck(explorer, candidate)
  if (loggedIn === null) return null
  const recipe: Recipe = {
    login: candidate.steps,
    ...(candidate.credential === undefined ? {} : { credential: candidate.credential }),
    loggedIn,
  }
  const refresh = await findRefresh(explorer, candidate)
  const logout = await findLogout(explorer, candidate, loggedIn)
  return { ...recipe, ...(logout === null ? {} : { logout }), ...(refresh === null ? {} : { refresh }) }
}
