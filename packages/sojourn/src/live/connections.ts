/**
 * The registry behind all live connections, for transports that Sojourn has no binding for.
 * @module sojourn/live
 */
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { createRegistry, ENDED, LIVE_KINDS, type LiveOptions, type LiveRefusal } from './_registry.ts'
import type { Seat } from './_seat.ts'

export type { LiveOptions, LiveRefusal } from './_registry.ts'
export type { LiveConnection, LiveEnd, Seat } from './_seat.ts'

/** The live connections of one process. */
export interface LiveConnections {
  /**
   * Takes a place for a connection of this session. Call it once the headers of the handshake are known (`commit`). From then on,
   * the session is read and written by its id: `reload` also finds it after its token was renewed. Call `leave` of the seat even if
   * the connection is never opened.
   *
   * @throws `ERR_STORE`; `ERR_CLOSED`; `ERR_OPTION` if this is no session of a request; `ERR_UNSUPPORTED` if the client holds the
   * record.
   */
  admit(session: Session<object>): Promise<Seat | LiveRefusal>
  /** How many places are taken. */
  readonly size: number
  /** Closes all connections with 1001, and admits no more. Call it before `sessions.close()`. */
  close(): void
}

/**
 * Keeps the live connections of a process, and closes each when its session ends, on whatever server it ended, and when its token
 * is rotated, because that may have shut out the client that opened the connection. It knows no transport: `sojourn/live/ws`
 * and `sojourn/live/sse` are built on it.
 *
 * What this process ends is closed at once; what another ends, when the store reports it (a near cache with a bus: within
 * milliseconds), and else when `sessions.watch` reads it: 100 sessions a second.
 *
 * ```ts
 * const live = liveConnections(sessions, { perSession: 10 })
 * const seat = await live.admit(session)
 * if (seat.refused) throw new Error(seat.message)
 * seat.connect({ close: ({ code, text }) => socket.close(code, text), drop: () => socket.terminate() })
 * socket.on('close', () => seat.leave())
 * ```
 *
 * @throws `ERR_OPTION` for a wrong option.
 */
export function liveConnections<Data extends object>(
  sessions: Sessions<Data>,
  options: LiveOptions = {},
): LiveConnections {
  assertSessions(sessions, 'liveConnections')
  checkOptions(options, LIVE_KINDS, 'live connections')
  const live = createRegistry(options)
  return {
    get size() {
      return live.size
    },
    async admit(session) {
      const seat = live.reserve(session)
      if (seat.refused !== undefined) return seat
      try {
        await seat.tie(session, sessions.watch)
      } catch (error) {
        seat.leave()
        throw error
      }
      if (seat.ended?.code !== 4401) return seat
      seat.leave()
      return ENDED
    },
    close: live.close,
  }
}
