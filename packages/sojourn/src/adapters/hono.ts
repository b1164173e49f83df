import type { Context, MiddlewareHandler } from 'hono'
import type { HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import type { OptionKinds } from '../core/contracts/check-options.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { isPromise, settle } from '../core/lib/maybe.ts'
import { isAnswered, isOutage, toErrorResponse, toOwnResponse, toResponse } from './_answer.ts'
import { checkArguments } from './_check-arguments.ts'
import { commitWhole, toAnswer } from './_fetch-response.ts'
import { FetchView } from './_fetch-view.ts'
import { HeldResponse } from './_held-response.ts'
import { dropHeaders } from './_node-headers.ts'
import { NodeView } from './_node-open.ts'
import type { NodeRequest, NodeResponse } from './_node-types.ts'
import { otherFramework } from './_other-framework.ts'
import type { Storing } from './_storing.ts'
import type { TrustProxy } from './_trust-proxy.ts'
import { letGo } from './_unsent-body.ts'

export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { requireAssurance, requireFresh, requireMethods, requireUser } from './_require-hono.ts'
export { returnPath } from './_return-path.ts'
export type { TrustProxy } from './_trust-proxy.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** Its data has the type that the application declares for `SessionData`. `sessions.get(c)` is exactly typed. */
    session: Session
  }
}

export interface HonoOptions {
  /**
   * Returns the address at the other end of the connection: `(c) => getConnInfo(c).remote.address ?? null`, with `getConnInfo`
   * from your runtime's adapter. Not needed on @hono/node-server. Default elsewhere: unknown.
   */
  readonly peer?: (c: Context) => string | null
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`: none. */
  readonly trustProxy?: TrustProxy
}

const KINDS: OptionKinds<HonoOptions> = { peer: 'function', trustProxy: 'any' }

/**
 * Sessions for Hono 4, on any runtime: `app.use(honoSessions(sessions))`, before the routes.
 *
 * The response is returned once the session is stored. If the store cannot answer, `app.onError` receives an error; Hono's
 * default handler turns it into a 503.
 */
export function honoSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: HonoOptions = {},
): MiddlewareHandler {
  checkArguments('honoSessions', sessions, options, KINDS)
  return async (c, next) => {
    if (typeof c.newResponse !== 'function') throw otherFramework('honoSessions', c)
    // The sessions are mounted twice. Two exchanges would undo each other's cookies.
    if (sessions.has(c)) return next()
    try {
      const opened = sessions.open(toView(c, options))
      const exchange = isPromise(opened) ? await opened : opened
      // If node's response is available, holding back its end is cheaper than wrapping a body.
      const node = nodeBindings(c)
      const held = node === null ? null : new HeldResponse(node.outgoing, exchange)
      if (exchange.answer === null) {
        sessions.attach(c, exchange.session)
        c.set('session', exchange.session as Session)
        await next()
      } else c.res = toResponse(toOwnResponse(exchange.answer))
      if (isHonosOwnPage(c)) c.res = toResponse(toErrorResponse(c.error))
      // The handler answers on node's own response by itself, now or later. That response is held back like any other.
      if (held !== null && c.res.headers.has(ALREADY_SENT)) return
      if (held?.claim() !== false) {
        const committed = commit(c, exchange, held)
        if (isPromise(committed)) await committed
      }
    } catch (error) {
      throw withPage(error)
    }
  }
}

function toView(c: Context, { peer, trustProxy }: HonoOptions): RequestView {
  const node = nodeBindings(c)
  if (node !== null) return new NodeView(node.incoming, trustProxy)
  return new FetchView(c.req.raw, trustProxy, peer && (() => peer(c)))
}

function commit(c: Context, exchange: Storing, held: HeldResponse | null): MaybePromise<void> {
  const apply = (changes: readonly HeaderChange[]): void => {
    if (held !== null) {
      held.resume(changes)
      return
    }
    try {
      replace(c, toAnswer(c.res, changes, exchange))
    } catch (error) {
      // A response that was already sent to another client cannot be sent again.
      fail(error)
    }
  }
  const fail = (error: unknown): never => {
    letGo(c.res)
    const { headers } = c.res
    // Hono makes the error's response from the headers that are set from here on.
    c.res = undefined
    c.finalized = false
    for (const [name, value] of headers) c.header(name, value)
    dropHeaders({ hasHeader: () => true, removeHeader: (name) => c.header(name) })
    const owed = exchange.salvage()
    if (held !== null) held.abandon(owed)
    else
      for (const { name, value, how } of owed)
        c.header(name, value === '' ? undefined : value, { append: how === 'append' })
    throw error
  }
  return settle(() => (held === null ? commitWhole(exchange, c.res) : exchange.commit(c.res.status)), apply, fail)
}

/** The mark on `RESPONSE_ALREADY_SENT` of @hono/node-server. It is a signal and not a response. */
const ALREADY_SENT = 'x-hono-already-sent'

/** An assignment without this would merge the old response's headers into the new one, twice. */
function replace(c: Context, response: Response): void {
  if (response === c.res) return
  c.res = undefined
  c.res = response
}

interface NodeBindings {
  readonly incoming: NodeRequest
  readonly outgoing: NodeResponse
}

/** The objects that @hono/node-server passes along, or `null`. Elsewhere the application names its bindings itself. */
function nodeBindings(c: Context): NodeBindings | null {
  const env = c.env as Partial<NodeBindings> | undefined
  return typeof env?.outgoing?.writeHead === 'function' ? (env as NodeBindings) : null
}

/**
 * Hono has already made a response from what the handler threw. Its default error handler does not know our errors, and sends only a
 * 500. The page of an application's `onError` stays, unless it is a 500 too.
 */
function isHonosOwnPage({ error, res }: Context): boolean {
  return res.status === 500 && isAnswered(error)
}

/**
 * Hono's default error handler asks an error for its response. It already reports mistakes in the application well, so those stay
 * unchanged.
 */
function withPage(error: unknown): unknown {
  if (!isOutage(error)) return error
  return Object.assign(error as object, { getResponse: () => toResponse(toErrorResponse(error)) })
}
