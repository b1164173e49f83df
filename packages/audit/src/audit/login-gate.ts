import type { Exchange } from '../http/exchange.ts'
import { type Limit, limitIn, optionOf, timeOf } from '../http/login-limit.ts'
import { NoLogin } from './audit.ts'

/** The application does not accept logins for a while, or has locked the account. */
export class LoginsLimited extends NoLogin {
  /** In ms since the epoch. `null`: the application does not report it. */
  readonly until: number | null

  constructor(message: string, until: number | null) {
    super(message)
    this.name = 'LoginsLimited'
    this.until = until
  }
}

/** The audit waits this long without asking. */
const SHORT_MS = 10_000
/** The wait before the next attempt if the application does not report how long the limit lasts. */
const UNKNOWN_WAIT_MS = 30_000

/**
 * Keeps an audit from logging in while the application limits logins, because further attempts would lock the account for longer.
 */
export interface LoginGate {
  /** A description of the limit and its cost. `null`: there was none. */
  readonly limit: string | null
  /** Waits until the next login may be tried. Throws `LoginsLimited` if that takes longer than the audit may wait. */
  open(): Promise<void>
  worked(password: string): void
  /** Reports a failed login. Returns whether a limit caused it, which closes the gate. */
  failed(password: string, exchanges: readonly Exchange[], cautious: boolean): boolean
}

export interface GateOptions {
  readonly patienceMs: number
  wait(ms: number): Promise<void>
  now(): number
}

export function createLoginGate({ patienceMs, wait, now }: GateOptions): LoginGate {
  const worked = new Set<string>()
  let count = 0
  let left = Math.max(patienceMs, SHORT_MS)
  let limit: Limit | null = null
  let closedUntil = 0
  let words: string | null = null

  function close(found: Limit): void {
    limit = found
    closedUntil = now() + (found.waitMs ?? UNKNOWN_WAIT_MS)
    words = wordsOf(found)
  }

  function wordsOf({ answer, waitMs }: Limit): string {
    const made = count === 0 ? 'the first login of the audit was' : `after ${count} logins one was`
    if (waitMs === null)
      return `logins are limited, or the account is locked: ${made} ${answer}, and the application does not say for how long. Fewer --samples, or --only some checks, take fewer logins`
    const until = new Date(closedUntil).toISOString().slice(0, 19).replace('T', ' ')
    return `logins are limited: ${made} ${answer}. Try again in ${timeOf(waitMs)}, from ${until} UTC on; --patience ${optionOf(waitMs)} waits for it. Fewer --samples, or --only some checks, take fewer logins`
  }

  return {
    get limit() {
      return words
    },
    async open() {
      const ms = closedUntil - now()
      if (limit === null || ms <= 0) return
      const isTold = limit.waitMs !== null
      if (ms > left || (!isTold && patienceMs === 0)) throw new LoginsLimited(words ?? '', isTold ? closedUntil : null)
      left -= ms
      await wait(ms)
    },
    worked(password) {
      worked.add(password)
      count++
    },
    failed(password, exchanges, cautious) {
      const found = limitIn(exchanges, !cautious && worked.has(password))
      if (found !== null) close(found)
      return found !== null
    },
  }
}
