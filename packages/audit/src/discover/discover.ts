import type { Engine } from '../http/engine.ts'
import { headerOf } from '../http/exchange.ts'
import { readPage } from '../http/page.ts'
import type { Secrets } from '../http/secrets.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { createExplorer } from './explorer.ts'
import { formLogins, isLoginForm } from './form-login.ts'
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

/** What is plainly a refusal needs no search for a page that shows the user. */
function isRefused({ exchanges, client }: Candidate): boolean {
  const last = exchanges.at(-1)
  if (last?.response == null || last.response.status >= 400) return true
  const asksAgain = readPage(last.response.body, last.request.url).forms.some(isLoginForm)
  const posted = exchanges.findIndex(({ request }) => request.method === 'POST')
  const setsCookie = exchanges.slice(posted).some(({ response }) => headerOf(response, 'set-cookie') !== null)
  return asksAgain && !setsCookie && client.bearer === null
}

async function tryOut(explorer: Explorer, candidate: Candidate): Promise<Recipe | null> {
  if (isRefused(candidate)) return null
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
