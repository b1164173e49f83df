import type { Engine } from '../http/engine.ts'
import type { Secrets } from '../http/secrets.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import { complete } from './complete.ts'
import { createExplorer } from './explorer.ts'
import { formLogins } from './form-login.ts'
import { jsonLogins } from './json-login.ts'

/** No way to log in was found; says what was tried. */
export class DiscoveryFailed extends Error {
  constructor(tried: readonly string[], fault: string | null) {
    super(
      fault !== null
        ? `the application does not answer: ${fault}`
        : `found no way to log in. Tried: ${tried.length === 0 ? 'no form with a password, no JSON endpoint that answers' : tried.join('; ')}. Is the password right? A recipe can say how to log in: sojourn-audit init`,
    )
    this.name = 'DiscoveryFailed'
  }
}

/** Finds out how to log in, how to tell that one is, and how to log out; written as a recipe. */
export async function discover(engine: Engine, secrets: Secrets, user: User): Promise<Recipe> {
  const explorer = createExplorer(engine, secrets, user)
  const first = await explorer.client('explorer').send({ url: engine.target.href, purpose: 'does it answer' })
  if (first.response === null) throw new DiscoveryFailed([], first.fault)
  const tried: string[] = []
  for (const find of [formLogins, jsonLogins]) {
    for await (const candidate of find(explorer)) {
      const recipe = await complete(explorer, candidate)
      if (recipe !== null) return recipe
      tried.push(`${candidate.words} (answered ${candidate.exchanges.at(-1)?.response?.status ?? 'nothing'})`)
    }
  }
  throw new DiscoveryFailed(tried, null)
}
