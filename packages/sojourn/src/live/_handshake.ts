import { type OwnResponse, toErrorResponse, toOwnResponse } from '../adapters/_answer.ts'
import type { Carrier, HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import type { OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Answer } from '../core/contracts/guard.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { requestOf } from '../core/request/for-handlers.ts'
import { type CrossOriginGuard, crossOriginGuard } from '../guards/cross-origin.ts'
import { toAnswer } from './_registry.ts'
import type { Seat } from './_seat.ts'
import type { LiveConnections } from './connections.ts'

/** Which pages may open a connection. */
export interface OriginOptions {
  /**
   * Other origins whose pages may connect, written as browsers write them: `https://app.example`. They are added to those of
   * `crossOrigin`. Default: none.
   */
  readonly trustedOrigins?: readonly string[] | undefined
  /**
   * Also lets clients connect that present a cookie and name no origin. Browsers always name one. Other clients can send `Origin`
   * too, or a ticket or a bearer token, for which no origin is needed. Default `false`.
   */
  readonly insecureNoOrigin?: boolean | undefined
}

export const ORIGIN_KINDS: OptionKinds<OriginOptions> = { trustedOrigins: 'array', insecureNoOrigin: 'boolean' }

/** A handshake whose connection may be opened. */
export interface Admitted<Data extends object> {
  readonly session: Session<Data>
  readonly seat: Seat
  /** For the response that opens the connection: a renewed token, and what guards add. */
  readonly headers: readonly HeaderChange[]
}

/** A handshake that is refused with this response. */
export interface RefusedHandshake {
  readonly answer: OwnResponse
  readonly headers: readonly HeaderChange[]
}

export type Handshake<Data extends object> = Admitted<Data> | RefusedHandshake

/** Judges handshakes of every transport. Never rejects: a failure is a response 503 or 500. */
export function createHandshakes<Data extends object>(
  sessions: Sessions<Data>,
  live: LiveConnections,
  { trustedOrigins, insecureNoOrigin = false }: OriginOptions,
): (view: RequestView) => Promise<Handshake<Data>> {
  const guard = crossOriginGuard({
    requireOrigin: !insecureNoOrigin,
    ...(trustedOrigins !== undefined && { trustedOrigins }),
  })

  async function judge(view: HandshakeView): Promise<Handshake<Data>> {
    const exchange = await sessions.open(view)
    const refusal = exchange.answer ?? (await judgeOrigin(guard, exchange.session))
    if (refusal !== null) return { answer: toOwnResponse(refusal), headers: exchange.salvage() }
    return admit(live, view, exchange)
  }

  return async (request) => {
    const isTrusted = guard.check({ view: asUnsafe(request), carrier: COOKIE, presents: true }) === null
    try {
      return await judge(new HandshakeView(request, isTrusted))
    } catch (error) {
      return { answer: toErrorResponse(error), headers: [] }
    }
  }
}

async function admit<Data extends object>(
  live: LiveConnections,
  view: HandshakeView,
  { session, commit }: Exchange<Data>,
): Promise<Handshake<Data>> {
  const headers = await commit()
  view.canSetHeaders = false
  const seat = await live.admit(session)
  if (seat.refused === undefined) return { session, seat, headers }
  return { answer: toOwnResponse(toAnswer(seat)), headers }
}

/**
 * Whether a page that may not connect makes this request (cross-site WebSocket hijacking). `null`: it may. The sessions' own check
 * may allow other origins. It lets `GET` requests through, and clients that name no origin.
 */
export function judgeOrigin(guard: CrossOriginGuard, session: Session<object>): MaybePromise<Answer | null> {
  const request = requestOf(session)
  if (request === null) throw new SessionError('ERR_OPTION', 'A live connection needs the session of a request.')
  const { view, checks } = request
  const incoming = { ...request, view: asUnsafe(view) }
  const refusal = guard.check(incoming)
  const isNamed = ['origin', 'sec-fetch-site'].some((name) => (view.header(name) ?? '') !== '')
  const own = isNamed ? checks.find(({ name }) => name === guard.name) : undefined
  return refusal === null || own?.check === undefined ? refusal : own.check(incoming)
}

/** Presents the request as one that changes something, because a connection can. */
function asUnsafe(view: RequestView): RequestView {
  const { url, secure, peer } = view
  return { method: 'POST', url, secure, peer, header: (name) => view.header(name) }
}

/** Stands for all carriers that browsers attach by themselves. */
const COOKIE = { ambient: true } as Carrier

/** The request as core sees it. Unlike other requests for an upgrade, its response sets cookies, until the connection is open. */
class HandshakeView implements RequestView {
  canSetHeaders = true
  readonly #request: RequestView
  readonly #isTrusted: boolean

  constructor(request: RequestView, isTrusted: boolean) {
    this.#request = request
    this.#isTrusted = isTrusted
  }

  get method(): string {
    return this.#request.method
  }
  get url(): string {
    return this.#request.url
  }
  get secure(): boolean {
    return this.#request.secure
  }
  get peer(): string | null {
    return this.#request.peer
  }

  header(name: string): string | null {
    // The origin was judged. The sessions' own check does not know the origins that may only connect.
    return this.#isTrusted && name === 'sec-fetch-site' ? 'same-origin' : this.#request.header(name)
  }
}
