import { type Limit, limitIn, timeOf } from '../audit/login-limit.ts'
import type { Engine } from '../http/engine.ts'
import type { Secrets } from '../http/secrets.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import { complete } from './complete.ts'
import { createExplorer, type Explorer } from './explorer.ts'
import { formLogins } from './form-login.ts'
import { jsonLogins } from './json-login.ts'
import { findLogout } from './logout.ts'

/** No way to log in was found; says what was tried. */
export class DiscoveryFailed extends Error {
  constructor(tried: readonly string[], fault: string | null, limit: Limit | null = null) {
    super(
      fault !== null
        ? `the application does not answer: ${fault}`
        : limit !== null
          ? limited(limit)
          : `found no way to log in. Tried: ${tried.length === 0 ? 'no form with a password, no JSON endpoint that answers' : tried.join('; ')}. Are the name and the password right? A recipe can say how to log in: npx @sojourn/audit init`,
    )
    this.name = 'DiscoveryFailed'
  }
}

const limited = ({ answer, waitMs }: Limit) =>
  `logins are limited: one was ${answer}. Try again ${waitMs === null ? 'later' : `in ${timeOf(waitMs)}`}`

/** Finds out how to log in, how to tell that one is, and how to log out; written as a recipe. */
export async function discover(engine: Engine, secrets: Secrets, user: User, signal?: AbortSignal): Promise<Recipe> {
  const explorer = createExplorer(engine, secrets, user)
  try {
    return await find(explorer)
  } catch (error) {
    if (signal?.aborted === true) await leave(explorer)
    throw error
  }
}

async function find(explorer: Explorer): Promise<Recipe> {
  const first = await explorer.client('explorer').send({ url: explorer.engine.target.href, purpose: 'does it answer' })
  if (first.response === null) throw new DiscoveryFailed([], first.fault)
  const tried: string[] = []
  for (const logins of [formLogins, jsonLogins]) {
    for await (const candidate of logins(explorer)) {
      const recipe = await complete(explorer, candidate)
      if (recipe !== null) return recipe
      const limit = limitIn(candidate.exchanges, false)
      if (limit !== null) throw new DiscoveryFailed(tried, null, limit)
      tried.push(`${candidate.words} (answered ${candidate.exchanges.at(-1)?.response?.status ?? 'nothing'})`)
    }
  }
  throw new DiscoveryFailed(tried, null)
}

/** Interrupted before it is known how to log out: every way out that is offered is taken. */
async function leave(explorer: Explorer): Promise<void> {
  explorer.engine.beginCleanUp()
  for (const client of explorer.loggedIn) {
    const candidate = { words: '', steps: [], client, exchanges: client.exchanges }
    await findLogout(explorer, candidate, { get: '/' }, null).catch(() => null)
  }
}
