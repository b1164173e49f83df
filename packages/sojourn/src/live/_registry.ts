import type { OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Answer } from '../core/contracts/guard.ts'
import type { Session } from '../core/contracts/session.ts'
import { OpenSeat } from './_seat.ts'

/** Who may connect, how often, and what counts as use. Limits count the connections of this process. */
export interface LiveOptions {
  /** Whether visitors who are not logged in may connect. Default `false`. */
  readonly anonymous?: boolean
  /** Connections of one session, from 1. Default 50. */
  readonly perSession?: number
  /** Connections of one user, from 1. Default 500. */
  readonly perUser?: number
  /** What happens to one more: `'refuse'` (default) refuses it, `'close-oldest'` closes the oldest with 4409. */
  readonly over?: 'refuse' | 'close-oldest'
  /**
   * Whether messages of the client count as use of the session, as requests do, and move its idle limit. Default `false`: an open
   * connection does not keep its session alive.
   */
  readonly extendsSession?: boolean
}

export const LIVE_KINDS: OptionKinds<LiveOptions> = {
  anonymous: 'boolean',
  perSession: 'number',
  perUser: 'number',
  over: ['refuse', 'close-oldest'],
  extendsSession: 'boolean',
}

/** A connection that must not be opened. */
export interface LiveRefusal {
  readonly refused: 'anonymous' | 'ended' | 'limit'
  /** Status of the response: 401 or 429. */
  readonly status: 401 | 429
  /** What to do, for the reader of the response. */
  readonly message: string
}

const ANONYMOUS: LiveRefusal = { refused: 'anonymous', status: 401, message: 'Log in, then connect again.' }
export const ENDED: LiveRefusal = { refused: 'ended', status: 401, message: 'The session has ended. Log in again.' }
const LIMIT: LiveRefusal = { refused: 'limit', status: 429, message: 'Too many connections are open. Close one.' }

/** Counts connections, and keeps their seats. The steps of `liveConnections`, for transports whose response begins between them. */
export interface Registry {
  /** Takes a place at once, so that parallel handshakes count each other. The seat is not tied yet. */
  reserve(session: Session<object>): OpenSeat | LiveRefusal
  readonly size: number
  close(): void
}

export function createRegistry(options: LiveOptions): Registry {
  const { anonymous = false, perSession = 50, perUser = 500, over = 'refuse', extendsSession = false } = options
  assertLimit(perSession, 'perSession')
  assertLimit(perUser, 'perUser')
  const all = new Set<OpenSeat>()
  const bySession = createIndex<OpenSeat>()
  const byUser = createIndex<OpenSeat>()
  let isClosed = false

  function createSeat({ id, userId }: Session<object>): OpenSeat {
    // One that is closing no longer counts.
    const ended = (): void => {
      bySession.delete(id, seat)
      if (userId !== null) byUser.delete(userId, seat)
    }
    const left = (): void => {
      ended()
      all.delete(seat)
    }
    const seat = new OpenSeat(extendsSession, { ended, left })
    all.add(seat)
    bySession.add(id, seat)
    if (userId !== null) byUser.add(userId, seat)
    return seat
  }

  /** Makes room, or returns `false`. */
  function hasRoom({ id, userId }: Session<object>): boolean {
    const session = bySession.get(id)
    const user = userId === null ? NOBODY : byUser.get(userId)
    const full = [...(session.size >= perSession ? [session] : []), ...(user.size >= perUser ? [user] : [])]
    if (over === 'refuse') return full.length === 0
    for (const [oldest] of full) oldest?.end(4409, 'replaced')
    return true
  }

  return {
    get size() {
      return all.size
    },
    reserve(session) {
      if (isClosed) throw new SessionError('ERR_CLOSED', 'No connection is opened any more.')
      if (session.userId === null && !anonymous) return ANONYMOUS
      return hasRoom(session) ? createSeat(session) : LIMIT
    },
    close() {
      isClosed = true
      for (const seat of [...all]) seat.end(1001, 'shutdown')
    },
  }
}

/** The response to a handshake that is refused. */
export function toAnswer({ status, refused: reason, message }: LiveRefusal): Answer {
  return { status, reason, message }
}

function assertLimit(value: number, name: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new SessionError('ERR_OPTION', `live connections: ${name} must be a whole number from 1.`)
}

const NOBODY: ReadonlySet<never> = new Set()

interface Index<T> {
  /** In the order in which they were added. */
  get(name: string): ReadonlySet<T>
  add(name: string, value: T): void
  delete(name: string, value: T): void
}

function createIndex<T>(): Index<T> {
  const sets = new Map<string, Set<T>>()
  return {
    get: (name) => sets.get(name) ?? NOBODY,
    add(name, value) {
      sets.set(name, (sets.get(name) ?? new Set()).add(value))
    },
    delete(name, value) {
      const set = sets.get(name)
      if (set?.delete(value) && set.size === 0) sets.delete(name)
    },
  }
}
