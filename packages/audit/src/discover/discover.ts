import type { Engine } from '../http/engine.ts'
import { type Exchange, valuesOf } from '../http/exchange.ts'
import { type Limit, limitIn, timeOf } from '../http/login-limit.ts'
import type { Secrets } from '../http/masking.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import { complete } from './complete.ts'
import { type Candidate, createExplorer, type Explorer } from './explorer.ts'
import { formLogins } from './form-login.ts'
import { jsonLogins } from './json-login.ts'
import { findLogout } from './logout.ts'
import { NO_HINTS, readHints } from './script-hints.ts'
import { tryLogin } from './try-login.ts'

/** No way to log in was found. The message lists what was tried. */
export class DiscoveryFailed extends Error {
  constructor(says: string) {
    super(says)
    this.name = 'DiscoveryFailed'
  }
}

const limited = ({ answer, waitMs }: Limit) =>
  `logins are limited: one was ${answer}. Try again ${waitMs === null ? 'later' : `in ${timeOf(waitMs)}`}`

/** Finds out how to log in, how to recognize a logged-in client, and how to log out, and returns it as a recipe. */
export async function discover(engine: Engine, secrets: Secrets, user: User, signal?: AbortSignal): Promise<Recipe> {
  const visitor = createExplorer(engine, secrets, user, NO_HINTS)
  const client = visitor.client('explorer')
  const first = (await client.follow({ url: engine.target.href, purpose: 'does it answer' })).at(-1)
  if (first?.response == null) throw new DiscoveryFailed(`the application does not answer: ${first?.fault}`)
  if (asksForBasic(first)) return byBasic(visitor, first)
  const hints = await readHints(first.response.body, first.request.url, async (url) => {
    if (!engine.isInScope(new URL(url))) return ''
    return (await client.send({ url, purpose: 'read a script for addresses' })).response?.body ?? ''
  })
  const explorer = createExplorer(engine, secrets, user, hints)
  try {
    return await find(explorer, first)
  } catch (error) {
    if (signal?.aborted === true) await leave(explorer)
    throw error
  }
}

async function find(explorer: Explorer, first: Exchange): Promise<Recipe> {
  const tried: string[] = []
  for (const logins of [formLogins, jsonLogins]) {
    for await (const candidate of logins(explorer)) {
      const recipe = await complete(explorer, candidate)
      if (recipe !== null) return recipe
      const limit = limitIn(candidate.exchanges, false)
      if (limit !== null) throw new DiscoveryFailed(limited(limit))
      tried.push(`${candidate.words} (answered ${candidate.exchanges.at(-1)?.response?.status ?? 'nothing'})`)
    }
  }
  throw new DiscoveryFailed(whatWasTried(tried, first))
}

async function byBasic(explorer: Explorer, first: Exchange): Promise<Recipe> {
  const candidate = await basicLogin(explorer, first.request.url)
  if (candidate === null)
    throw new DiscoveryFailed(
      'the application asks for HTTP Basic authentication, and refused this name and password. Check them.',
    )
  const recipe = candidate.client.cookies().length === 0 ? null : await complete(explorer, candidate)
  if (recipe !== null) return recipe
  throw new DiscoveryFailed(
    'the application uses HTTP Basic authentication: browsers send the password with each request, and there is no session to audit. If it has another login, describe it in a recipe: npx @sojourn/audit init',
  )
}

function whatWasTried(tried: readonly string[], first: Exchange): string {
  const list = tried.length === 0 ? 'no form with a password, no JSON endpoint that answers' : tried.join('; ')
  const isBuiltByScripts = /<script\b/i.test(first.response?.body ?? '')
  const help = isBuiltByScripts
    ? 'Scripts build its pages, so the login only works in a browser: npx @sojourn/audit record records a login that you do by hand, npx @sojourn/audit init asks. A login over a WebSocket cannot be audited'
    : 'Describe the login in a recipe: npx @sojourn/audit init'
  return `found no way to log in. Tried: ${list}. Check the name and the password. ${help}`
}

/** The audit was interrupted before it knew how to log out, so it tries every logout that the pages offer. */
async function leave(explorer: Explorer): Promise<void> {
  explorer.engine.beginCleanUp()
  for (const client of explorer.loggedIn) {
    const candidate = { words: '', steps: [], client, exchanges: client.exchanges }
    await findLogout(explorer, candidate, { get: '/' }, null).catch(() => null)
  }
}

/** Whether the application asks browsers for the password itself (HTTP Basic authentication). */
export const asksForBasic = ({ response }: Exchange): boolean =>
  response?.status === 401 && valuesOf(response.headers, 'www-authenticate').some((value) => /\bbasic\b/i.test(value))

/** Some applications issue a session to a client that sent the password once. The others have no session. */
export async function basicLogin(explorer: Explorer, url: string): Promise<Candidate | null> {
  const address = explorer.address(url)
  const step = { get: address, headers: { authorization: 'Basic ${basic}' } }
  const candidate = await tryLogin(explorer, [step], `HTTP Basic authentication at ${address}`)
  const status = candidate?.exchanges.at(-1)?.response?.status ?? 0
  return candidate !== null && status > 0 && status < 400 ? candidate : null
}
