import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { createMiddleware, NodeView } from './_node-open.ts'
import type { Next, NodeRequest, NodeResponse } from './_node-types.ts'

export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { type RequireMiddleware, requireAssurance, requireFresh, requireMethods, requireUser } from './_require-node.ts'
export { returnPath } from './_return-path.ts'

declare global {
  // biome-ignore lint/style/noNamespace: @types/express leaves this one open for middleware to add to
  namespace Express {
    interface Request {
      /** Its data has the type that the application declares for `SessionData`. `sessions.get(req)` is exactly typed. */
      session: Session
    }
  }
}

/** The members of an Express 4 or 5 request that are used here. */
export interface ExpressRequest extends NodeRequest {
  readonly secure: boolean
  readonly ip?: string | undefined
}

type ExpressMiddleware = (request: ExpressRequest, response: NodeResponse, next: Next) => void

export interface ExpressSessions<Data extends object> extends ExpressMiddleware {
  /** The same function, for `const { middleware, session } = expressSessions(sessions)`. */
  readonly middleware: ExpressMiddleware
  /** This request's session, exactly typed, as `sessions.get(req)` returns it. */
  session(request: object): Session<Data>
}

/**
 * Sessions for Express 4 and 5: `app.use(expressSessions(sessions))`, before the routes.
 *
 * The response is held back until the session is stored. If the store cannot answer, `next` receives an error with `status` 503.
 * Mount body parsers before this middleware, because a session is checked when it is opened, and a client decides how long its
 * body takes. A handler that reads the body itself calls `await req.session.reload()` after it. Behind a proxy, Express's own
 * `trust proxy` setting decides about `req.secure` and `req.ip`.
 */
export function expressSessions<Data extends object>(
  sessions: Sessions<Data>,
  ...none: readonly never[]
): ExpressSessions<Data> {
  assertSessions(sessions, 'expressSessions')
  if (none.length > 0) throw new SessionError('ERR_OPTION', NO_OPTIONS)
  const open = createMiddleware('expressSessions', sessions, (request: ExpressRequest) => new ExpressView(request))
  const middleware: ExpressMiddleware = (request, response, next) => {
    toDictionary(request, 'res')
    toDictionary(response, 'req')
    open(request, response, next)
  }
  return Object.assign(middleware, { middleware, session: (request: object) => sessions.get(request) })
}

const NO_OPTIONS =
  "expressSessions takes no options. Behind a proxy, set Express's own: app.set('trust proxy', 1). All other options belong to createSessions."

class ExpressView extends NodeView<ExpressRequest> {
  override get secure(): boolean {
    return this.request.secure
  }

  override get peer(): string | null {
    return this.request.ip ?? null
  }
}

/**
 * Makes V8 keep the object's properties in a dictionary, by deleting one and adding it again.
 *
 * Express gives each request and response another prototype. From then on, V8 makes a hidden class for every property that is
 * added to one of them. Each costs 2 µs, and property caches miss. In a dictionary, adding our properties and others' costs
 * almost nothing: a request through Express gets 20 µs cheaper than without any sessions (node 20). Other engines are not
 * affected.
 */
function toDictionary(target: object, key: string): void {
  if (!Object.hasOwn(target, key)) return
  const value: unknown = Reflect.get(target, key)
  Reflect.deleteProperty(target, key)
  Reflect.set(target, key, value)
}
