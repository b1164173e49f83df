import type { RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { settle } from '../core/lib/maybe.ts'
import { isHandshake } from '../core/lib/view.ts'
import { toOwnResponse } from './_answer.ts'
import { HeldResponse } from './_held-response.ts'
import { sendAnswer } from './_node-headers.ts'
import type { Next, NodeRequest, NodeResponse } from './_node-types.ts'
import { otherFramework } from './_other-framework.ts'
import { type Client, findClient, type TrustProxy } from './_trust-proxy.ts'

/** Presents a node request as core's view. Computes each value only when it is read, because most requests read two of them. */
export class NodeView<Request extends NodeRequest = NodeRequest> implements RequestView {
  protected readonly request: Request
  readonly #trust: TrustProxy

  constructor(request: Request, trust: TrustProxy = false) {
    this.request = request
    this.#trust = trust
  }

  get method(): string {
    return this.request.method ?? 'GET'
  }

  get url(): string {
    return this.request.originalUrl ?? this.request.url ?? '/'
  }

  get secure(): boolean {
    return this.#trust === false ? this.request.socket.encrypted === true : this.#client().secure
  }

  get peer(): string | null {
    return this.#trust === false ? (this.request.socket.remoteAddress ?? null) : this.#client().peer
  }

  get canSetHeaders(): boolean {
    return !isHandshake(this)
  }

  get body(): unknown {
    return this.request.body
  }

  header(name: string): string | null {
    const value = this.request.headers[name]
    if (typeof value === 'string') return value
    return Array.isArray(value) ? value.join(', ') : null
  }

  #client(): Client {
    const { socket } = this.request
    const near = { secure: socket.encrypted === true, peer: socket.remoteAddress ?? null }
    return findClient(near, this.#trust, (name) => this.header(name))
  }
}

/** What happens with the request next. */
export interface Turns<Data extends object> {
  readonly run: (session: Session<Data>) => MaybePromise<void>
  /** The store could not answer: no handler runs. */
  readonly fail: (error: unknown) => void
  /** See `HeldResponse`. */
  readonly next?: Next
}

/** Opens a request of a server that uses node's own objects. Synchronous if the store is. */
export function openNode<Data extends object>(
  sessions: Sessions<Data>,
  view: RequestView,
  request: NodeRequest,
  response: NodeResponse,
  { run, fail, next }: Turns<Data>,
): MaybePromise<void> {
  // The sessions are mounted twice, on the application and on a part of it. Two exchanges would undo each other's cookies.
  if (sessions.has(request)) return run(sessions.get(request))
  const begin = (exchange: Exchange<Data>): MaybePromise<void> => {
    new HeldResponse(response, exchange, next)
    if (exchange.answer !== null) return sendAnswer(response, toOwnResponse(exchange.answer))
    sessions.attach(request, exchange.session)
    return run(exchange.session)
  }
  return settle(() => sessions.open(view), begin, fail)
}

type Middleware<Request extends NodeRequest> = (request: Request, response: NodeResponse, next: Next) => void

/** Koa calls middleware with a context and a function, Hono too, and Fastify a plugin with an instance and options. */
export function assertNode(response: Partial<NodeResponse> | undefined, caller: string, request: unknown): void {
  if (typeof response?.setHeader !== 'function') throw otherFramework(caller, request)
}

/** Creates the middleware that Connect and Express share. `caller` is its name as the application writes it. */
export function createMiddleware<Data extends object, Request extends NodeRequest>(
  caller: string,
  sessions: Sessions<Data>,
  toView: (request: Request) => RequestView,
): Middleware<Request> {
  return (request, response, next) => {
    assertNode(response, caller, request)
    const run = (session: Session<Data>): void => {
      ;(request as { session?: Session<Data> }).session = session
      next()
    }
    const fail = (error: unknown): void => {
      denySession(request, error)
      next(error)
    }
    if (isTaken(request)) return next(new SessionError('ERR_OPTION', TAKEN))
    openNode(sessions, toView(request), request, response, { run, fail, next })
  }
}

const TAKEN =
  'Another session middleware (express-session, cookie-session) is mounted before sojourn and has set req.session. Remove it: only one of them can set req.session.'

/** Its wrapper around the response would use our session and fail on every answer. */
function isTaken(request: NodeRequest): boolean {
  if (attachedTo(request) !== undefined) return false
  const session = Object.getOwnPropertyDescriptor(request, 'session')
  return session !== undefined && (session.get !== undefined || session.value !== undefined)
}

/** The error page runs without a session, though its type declares one. Reading the session throws the reason. */
export function denySession(request: object, cause: unknown): void {
  const get = (): never => {
    throw new SessionError(
      'ERR_NO_SESSION',
      'The session could not be opened, so this request goes to the error handler.',
      cause,
    )
  }
  Object.defineProperty(request, 'session', { get, configurable: true })
}
