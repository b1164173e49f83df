import type { EndReason } from '../core/contracts/record.ts'
import type { Session } from '../core/contracts/session.ts'
import { release } from '../core/lib/runtime.ts'
import { type Tie, tie } from '../core/request/tie.ts'
import type { Watch } from '../core/request/watcher.ts'

/** Why a connection is closed. */
export interface LiveEnd {
  /** As a WebSocket close code: 4401 the session ended, 4409 a newer connection took its place, 1001 the server shuts down. */
  readonly code: 4401 | 4409 | 1001
  /**
   * For the server: why the session ended, `'superseded'` if its token was rotated, `'replaced'` or `'shutdown'`. The client gets
   * only `text`.
   */
  readonly reason: EndReason | 'superseded' | 'replaced' | 'shutdown'
  /** For the client: `session ended`, `replaced`, `going away`. */
  readonly text: string
}

/** What the registry does with a connection of any transport. */
export interface LiveConnection {
  /** Closes it as the transport does, so that the client learns the reason. Called once. */
  close(end: LiveEnd): void
  /** Cuts it. Called two seconds later if `leave` was not called: the client ignores the close, or the network lost it. */
  drop(): void
}

/** The place of one connection. */
export interface Seat {
  readonly refused?: never
  /** Why it was closed; `null` while the client may use it. Once it is set, hand no message to the application. */
  readonly ended: LiveEnd | null
  /** Call it once the connection is open. If the session has ended meanwhile, it is closed at once. */
  connect(connection: LiveConnection): void
  /** Call it for each message of the client: see `extendsSession`. */
  active(): void
  /** Closes the connection as when the session ends, because a handler met `ERR_SESSION_ENDED`. */
  lost(): void
  /** Call it when the connection is closed, or if it is never opened. */
  leave(): void
}

/** Long enough for the closing handshake of RFC 6455 over a slow network. */
const DROP_AFTER_MS = 2_000
const TEXTS = { 4401: 'session ended', 4409: 'replaced', 1001: 'going away' } as const

/** What the registry learns of a seat. Each is called once. */
interface Reports {
  readonly ended: () => void
  readonly left: () => void
}

export class OpenSeat implements Seat {
  declare readonly refused?: never
  readonly #extendsSession: boolean
  readonly #reports: Reports
  #tie: Tie | null = null
  #stop = (): void => {}
  #connection: LiveConnection | null = null
  #ended: LiveEnd | null = null
  #hasLeft = false
  #isTouching = false

  constructor(extendsSession: boolean, reports: Reports) {
    this.#extendsSession = extendsSession
    this.#reports = reports
  }

  get ended(): LiveEnd | null {
    return this.#ended
  }

  /** Watches the session, and then reads it: it may have ended since the handshake was judged. */
  async tie(session: Session<object>, watch: Watch): Promise<void> {
    this.#tie = await tie(session, watch)
    if (this.#tie === null || this.#hasLeft) return
    this.#stop = this.#tie.watch((reason) => this.end(4401, reason))
    const untied = await this.#tie.check()
    if (untied !== null) this.end(4401, untied)
  }

  connect(connection: LiveConnection): void {
    this.#connection = connection
    if (this.#ended !== null) this.#close(connection, this.#ended)
  }

  active(): void {
    if (!this.#extendsSession || this.#isTouching || this.#tie === null || this.#ended !== null) return
    this.#isTouching = true
    // A failure was reported as a fault. The next message tries again.
    const done = (): void => {
      this.#isTouching = false
    }
    this.#tie.touch().then(done, done)
  }

  lost(): void {
    this.end(4401, 'revoked')
  }

  end(code: LiveEnd['code'], reason: LiveEnd['reason']): void {
    if (this.#ended !== null) return
    this.#ended = { code, reason, text: TEXTS[code] }
    this.#stop()
    this.#reports.ended()
    if (this.#connection !== null) this.#close(this.#connection, this.#ended)
  }

  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#stop()
    this.#reports.left()
  }

  #close(connection: LiveConnection, end: LiveEnd): void {
    if (this.#hasLeft) return
    const timer = setTimeout(() => {
      if (this.#hasLeft) return
      this.leave()
      connection.drop()
    }, DROP_AFTER_MS)
    release(timer)
    connection.close(end)
  }
}
