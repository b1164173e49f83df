import type { ExtendableContext, Next } from 'koa'
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { isPromise } from '../core/lib/maybe.ts'
import { isRefusal, type OwnResponse, toErrorResponse, toOwnResponse } from './_answer.ts'
import { HeldResponse } from './_held-response.ts'
import { dropHeaders } from './_node-headers.ts'
import { denySession, NodeView } from './_node-open.ts'
import { otherFramework } from './_other-framework.ts'
import { letGo, watchStream } from './_unsent-body.ts'

export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { type KoaMiddleware, requireAssurance, requireFresh, requireMethods, requireUser } from './_require-koa.ts'
export { returnPath } from './_return-path.ts'

declare module 'koa' {
  interface ExtendableContext {
    /** Its data has the type that the application declares for `SessionData`. `sessions.get(ctx)` is exactly typed. */
    session: Session
  }
}

/**
 * Sessions for Koa 3: `app.use(koaSessions(sessions))`, before the routes.
 *
 * The response is sent once the session is stored. If the store cannot answer, middleware around this one and `app.on('error')`
 * receive an error with `status` 503. Mount body parsers before this middleware, because a session is checked when it is opened,
 * and a client decides how long its body takes. Behind a proxy, Koa's own `app.proxy` decides about `ctx.secure` and `ctx.ip`.
 */
export function koaSessions<Data extends object>(
  sessions: Sessions<Data>,
  ...none: readonly never[]
): (ctx: ExtendableContext, next: Next) => Promise<void> {
  assertSessions(sessions, 'koaSessions')
  if (none.length > 0) throw new SessionError('ERR_OPTION', NO_OPTIONS)
  return async (ctx, next) => {
    if (ctx.req?.headers === undefined) throw otherFramework('koaSessions', ctx)
    // The sessions are mounted twice. Two exchanges would undo each other's cookies.
    if (sessions.has(ctx)) return next()
    if ('session' in ctx && attachedTo(ctx) === undefined) throw new SessionError('ERR_OPTION', TAKEN)
    let exchange: Exchange<Data>
    try {
      const opened = sessions.open(new KoaView(ctx))
      exchange = isPromise(opened) ? await opened : opened
    } catch (error) {
      denySession(ctx, error)
      throw error
    }
    const held = new HeldResponse(ctx.res, exchange)
    if (exchange.answer === null) {
      sessions.attach(ctx, exchange.session)
      ctx.session = exchange.session as Session
      // An error page that Koa or other middleware sends is held like any other response.
      await next().catch(expose)
    } else put(ctx, toOwnResponse(exchange.answer))
    // The handler answers on node's own response by itself, now or later.
    if (ctx.respond !== false) await store(ctx, held)
  }
}

const NO_OPTIONS =
  "koaSessions takes no options. Behind a proxy, set Koa's own: app.proxy = true. All other options belong to createSessions."

const TAKEN =
  'Another session middleware (koa-session) has defined ctx.session. Remove it: only one of them can set ctx.session.'

/** Koa's error page shows the text of a guard to the person whom it refused only if the error says so. */
function expose(error: unknown): never {
  throw isRefusal(error) ? Object.assign(error, { expose: true }) : error
}

async function store(ctx: ExtendableContext, held: HeldResponse): Promise<void> {
  let broken: Error | undefined
  try {
    const stored = held.store(ctx.status)
    if (isPromise(stored)) {
      const watched = watchStream(ctx.body)
      await stored
      broken = watched()
    }
  } catch (error) {
    letGo(ctx.body)
    if (!ctx.headerSent) {
      // Middleware that catches the error and answers nothing must not send what the handler had answered.
      dropHeaders(ctx.res)
      put(ctx, toErrorResponse(error))
    }
    throw error
  }
  if (broken !== undefined) throw broken
}

/** Middleware around this one sees it as any other answer of Koa. */
function put(ctx: ExtendableContext, { status, headers, body }: OwnResponse): void {
  ctx.status = status
  ctx.set({ ...headers })
  ctx.body = body
}

class KoaView extends NodeView<ExtendableContext['req']> {
  readonly #ctx: ExtendableContext

  constructor(ctx: ExtendableContext) {
    super(ctx.req)
    this.#ctx = ctx
  }

  override get url(): string {
    return this.#ctx.originalUrl
  }

  override get secure(): boolean {
    return this.#ctx.secure
  }

  override get peer(): string | null {
    return this.#ctx.ip || null
  }
}
