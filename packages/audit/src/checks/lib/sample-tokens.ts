import { type Audit, NoLogin } from '../../audit/audit.ts'
import type { Client } from '../../http/client.ts'
import { LimitReached } from '../../http/engine.ts'
import { gave } from '../../http/exchange.ts'

export interface TokenSamples {
  /** Where the values come from: `cookie sid`, `bearer`. */
  readonly about: string
  readonly tokens: readonly TokenSample[]
  /** Why there are no more. */
  readonly stopped: string | null
}

export interface TokenSample {
  readonly value: string
  /** In ms since the epoch, when the answer arrived. */
  readonly at: number
  /** Whether it came with a login, or with a visit only. */
  readonly source: 'login' | 'visit'
}

/** Logins cost an application much, and it may limit them, so this is the maximum. */
export const MOST_LOGINS = 40
/** The default: as few as a verdict needs, and some spare. */
export const LOGINS_UNASKED = 24

/**
 * Collects session tokens in the order in which they were issued, for statistics: from separate visits if a visit issues one,
 * else from separate logins, including those of earlier checks. Collects as many as the application allows, at most
 * `options.samples`.
 */
export async function sampleTokens(audit: Audit): Promise<TokenSamples> {
  const name = audit.app.carriers[0]?.[0] ?? null
  if (name === null) return fromLogins(audit, null)
  const first = await visit(audit, name)
  return first === null ? fromLogins(audit, name) : fromVisits(audit, name, first)
}

async function visit(audit: Audit, name: string): Promise<TokenSample | null> {
  const client = audit.ask.client('visitor')
  const step = audit.app.recipe.login[0]
  const [exchange] = await client.follow({ url: step?.get ?? '/', purpose: 'collect a token' })
  const cookie = client.cookies().find((held) => held.name === name)
  if (cookie === undefined || exchange === undefined) return null
  return { value: cookie.value, at: exchange.startedAt + exchange.durationMs, source: 'visit' }
}

async function fromVisits(audit: Audit, name: string, first: TokenSample): Promise<TokenSamples> {
  const tokens = [first]
  const stopped = await until(audit.app.options.samples - 1, async () => {
    const sample = await visit(audit, name)
    if (sample === null) return 'a visit gave no token any more'
    tokens.push(sample)
    return null
  })
  return { about: `cookie ${name}`, tokens, stopped }
}

async function fromLogins(audit: Audit, name: string | null): Promise<TokenSamples> {
  const wanted = audit.app.options.loginSamples
  const stopped = await until(Math.max(wanted - audit.users.logins.length, 0), async () => {
    await audit.users.login('sampler', { fresh: true })
    return null
  })
  const counted = new Map<Client, Set<string>>()
  const tokens = audit.users.logins.flatMap(({ client, credential, exchanges }): TokenSample[] => {
    const value = name === null ? credential.bearer : credential.cookies.find((cookie) => cookie.name === name)?.value
    const last = exchanges.at(-1)
    // Values that the audit planted itself, and the empty value that deletes a cookie, are not tokens.
    if (!value || last === undefined || !client.exchanges.some((exchange) => gave(exchange, value))) return []
    // A second login of a client that is logged in may issue nothing: it then holds the same token, not an equal one.
    const own = counted.get(client) ?? new Set()
    if (own.has(value)) return []
    counted.set(client, own.add(value))
    return [{ value, at: last.startedAt + last.durationMs, source: 'login' }]
  })
  const about = name === null ? 'bearer' : `cookie ${name}`
  return {
    about,
    tokens,
    stopped: stopped ?? `${tokens.length} logins, where --samples asks for no more (${MOST_LOGINS} at most)`,
  }
}

/** Repeats until `work` returns a reason to stop, or an error does. */
async function until(times: number, work: () => Promise<string | null>): Promise<string | null> {
  for (let i = 0; i < times; i++) {
    try {
      const stopped = await work()
      if (stopped !== null) return stopped
    } catch (error) {
      if (error instanceof NoLogin || error instanceof LimitReached) return error.message
      throw error
    }
  }
  return null
}
