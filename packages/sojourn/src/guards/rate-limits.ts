import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Answer, Finding, Guard, Ruling, Sight } from '../core/contracts/guard.ts'
import type { Refusal } from '../core/contracts/session.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { within } from '../core/lib/within.ts'
import { createBlocks } from './_blocks.ts'
import { hidesClients } from './_hides-clients.ts'
import { networkOf } from './_network.ts'

/** What the guard uses of a limiter of `rate-limiter-flexible`. */
export interface RateLimiter {
  /** Counts one point. Rejects with an object that has `msBeforeNext` if there were too many, and with an `Error` if it failed. */
  consume(key: string): Promise<unknown>
}

export interface RateLimitsOptions {
  /** Counts sessions that begin, anonymous or by a login. Default: they are not limited. */
  readonly creation?: RateLimiter
  /** Counts requests with a token that was never issued here (`malformed`, `forged`, `unknown`). Default: they are not limited. */
  readonly badTokens?: RateLimiter
  /** How many bits of an IPv4 address name the network, from 8 to 32. Default 32, the address. */
  readonly ipv4Bits?: number
  /** How many bits of an IPv6 address name the network, from 16 to 64. Default 56, what RIPE-690 recommends for a household. */
  readonly ipv6Bits?: number
  /** How long a limiter may take to answer. Default `'500ms'`. */
  readonly timeout?: Duration
  /**
   * If a limiter fails. `'allow'` (default): nothing is limited meanwhile. `'deny'`: clients without a session get 503. Users with
   * a session notice nothing in either case.
   */
  readonly whenDown?: 'allow' | 'deny'
}

/** Options for limiters that are high enough for a thousand people behind one address. */
export const defaultRates: Readonly<
  Record<'creation' | 'badTokens', { readonly keyPrefix: string; readonly points: number; readonly duration: number }>
> = {
  creation: { keyPrefix: 'sojourn-creation', points: 3000, duration: 300 },
  badTokens: { keyPrefix: 'sojourn-bad-tokens', points: 20_000, duration: 300 },
}

/** Tokens that no honest client has, except after the keys or the store were lost. */
const BAD: readonly (Refusal | null)[] = ['malformed', 'forged', 'unknown']
/** How many networks are remembered as blocked, so that they cost no call of the limiter. */
const MOST_BLOCKED = 10_000
/** After a failure, the limiter is left alone for this long. */
const REST_MS = 1000

/**
 * Limits how many sessions a network begins, and how many bad tokens it sends, in some time. A network above its limit gets 429 with
 * `Retry-After`, but only for requests without a session, or with a bad token. A user with a session is never limited.
 *
 * ```ts
 * const badTokens = new RateLimiterMemory(defaultRates.badTokens)
 * const sessions = createSessions({ guards: [rateLimits({ badTokens })] })
 * ```
 *
 * @throws `ERR_OPTION` if neither limiter is set, or a value is wrong.
 */
export function rateLimits(options: RateLimitsOptions): Guard {
  const { creation, badTokens, ipv4Bits, ipv6Bits, timeoutMs, whenDown } = demandOptions(options)
  const blocked = { creation: createBlocks(MOST_BLOCKED), badTokens: createBlocks(MOST_BLOCKED) }
  /** Requests that came without a session, to see in `leaving` whether they began one. */
  const without = new WeakSet<RequestView>()
  let failure: { readonly error: unknown; readonly at: number; isReported: boolean } | null = null
  let isHidden = false

  async function count(
    limiter: RateLimiter,
    kind: 'creation' | 'badTokens',
    network: string,
    nowMs: number,
  ): Promise<void> {
    try {
      // The kind is part of the key, because both limiters may have one prefix, or be one.
      await within(timeoutMs, limiter.consume(`${kind}:${network}`), late)
    } catch (reason) {
      const ms = msBeforeNext(reason)
      if (ms === null) failure = { error: reason, at: nowMs, isReported: false }
      else blocked[kind].add(network, nowMs, ms)
    }
  }

  /** Throws what a limiter failed with, so that core reports it, and lets `whenDown` decide. */
  function isResting(nowMs: number): boolean {
    // If the clock was set back, the rest is over.
    if (failure === null || nowMs < failure.at || nowMs >= failure.at + REST_MS) return false
    if (failure.isReported && whenDown === 'allow') return true
    failure.isReported = true
    throw failure.error
  }

  function judge({ view, refused, now }: Sight): MaybePromise<Ruling | null> {
    const network = networkOf(view.peer, ipv4Bits, ipv6Bits)
    const nowMs = Number(now)
    const full = blocked.creation.msLeft(network, nowMs)
    if (full > 0) return { answer: tooMany('too-many-sessions', SESSIONS, full) }
    const isBad = badTokens !== undefined && BAD.includes(refused)
    const answer = (): Ruling | null => {
      const ms = blocked.badTokens.msLeft(network, nowMs)
      return ms > 0 ? { answer: tooMany('too-many-bad-tokens', BAD_TOKENS, ms) } : null
    }
    const known = isBad ? answer() : null
    if (known !== null || isResting(nowMs)) return known
    if (creation !== undefined) without.add(view)
    if (!isBad) return null
    return count(badTokens, 'badTokens', network, nowMs).then(() => (isResting(nowMs) ? null : answer()))
  }

  return {
    name: 'rate-limits',
    whenDown,
    opened(sight) {
      if (sight.id !== null) return null
      if (!hidesClients(sight.view)) return judge(sight)
      if (isHidden) return null
      isHidden = true
      return { report: HIDDEN }
    },
    leaving({ view, id, now }, did) {
      if (creation === undefined || id === null || !(did === 'login' || without.delete(view)) || hidesClients(view))
        return []
      // The response does not wait. If there were too many, the next request of this network learns it.
      void count(creation, 'creation', networkOf(view.peer, ipv4Bits, ipv6Bits), Number(now))
      return []
    },
  }
}

const SESSIONS = 'Too many sessions began on your network.'
const BAD_TOKENS =
  'Too many requests with an invalid session came from your network. Delete the cookies of this site, or wait.'

function tooMany(reason: string, what: string, ms: number): Answer {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return {
    status: 429,
    reason,
    message: `${what} Try again in ${seconds} s.`,
    headers: { 'retry-after': String(seconds) },
  }
}

/** A limiter's rejection that means "too many". Anything else is a failure, and must not be shown to clients as their fault. */
function msBeforeNext(reason: unknown): number | null {
  const own = msOf(reason)
  if (own !== null || reason instanceof Error) return own
  // `RateLimiterUnion` rejects with the rejections of its limiters by their names.
  const each = Object.values(reason ?? {}).map(msOf)
  return each.length === 0 || each.includes(null) ? null : Math.max(...(each as number[]))
}

function msOf(reason: unknown): number | null {
  if (reason instanceof Error) return null
  const { msBeforeNext: ms } = (reason ?? {}) as { readonly msBeforeNext?: unknown }
  return typeof ms === 'number' && !Number.isNaN(ms) ? Math.max(1000, ms) : null
}

const late = () => new SessionError('ERR_GUARD', 'The rate limiter did not answer in time.')

const HIDDEN: Finding = {
  finding: 'proxy-hides-clients',
  message:
    'A proxy is in front of the application, so all clients have one address, and no rate is limited. Set trustProxy of the adapter.',
}

interface Checked extends RateLimitsOptions {
  readonly ipv4Bits: number
  readonly ipv6Bits: number
  readonly timeoutMs: number
  readonly whenDown: 'allow' | 'deny'
}

function demandOptions(options: RateLimitsOptions): Checked {
  checkOptions(
    options,
    {
      creation: 'object',
      badTokens: 'object',
      ipv4Bits: 'number',
      ipv6Bits: 'number',
      timeout: 'any',
      whenDown: ['allow', 'deny'],
    },
    'rateLimits',
  )
  const { creation, badTokens, ipv4Bits = 32, ipv6Bits = 56, timeout = '500ms', whenDown = 'allow' } = options
  const limiters = [creation, badTokens].filter((limiter) => limiter !== undefined)
  if (limiters.length === 0 || limiters.some(({ consume }) => typeof consume !== 'function')) {
    throw new SessionError(
      'ERR_OPTION',
      'rateLimits: set creation, badTokens or both to limiters of rate-limiter-flexible.',
    )
  }
  const isWithin = (bits: number, least: number, most: number): boolean =>
    Number.isInteger(bits) && bits >= least && bits <= most
  if (!isWithin(ipv4Bits, 8, 32) || !isWithin(ipv6Bits, 16, 64)) {
    throw new SessionError('ERR_OPTION', 'rateLimits: ipv4Bits must be from 8 to 32, and ipv6Bits from 16 to 64.')
  }
  return { ...options, ipv4Bits, ipv6Bits, timeoutMs: toMs(timeout, 'timeout'), whenDown }
}
