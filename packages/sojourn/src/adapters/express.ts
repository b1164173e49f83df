import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { toDictionary } from './_dictionary.ts'
import { createMiddleware } from './_node-open.ts'
import type { Next, NodeRequest, NodeResponse } from './_node-types.ts'
import { NodeView } from './_node-view.ts'

declare global {
  // biome-ignore lint/style/noNamespace: @types/express leaves this one open for middleware to add to
  namespace Express {
    interface Request {
      /** Data is untyped here, for one application may have several kinds of sessions; `sessions.get(req)` is exact. */
      session: Session
    }
  }
}

/** What is needed of an Express 4 or 5 request. */
export interface ExpressRequest extends NodeRequest {
  readonly secure: boolean
  readonly ip?: string | undefined
}

type ExpressMiddleware = (request: ExpressRequest, response: NodeResponse, next: Next) => void

export interface ExpressSessions<Data extends object> extends ExpressMiddleware {
  /** The same function, for `const { middleware, session } = expressSessions(sessions)`. */
  readonly middleware: ExpressMiddleware
  /** This request's session, exactly typed: `sessions.get(req)`. */
  session(request: object): Session<Data>
}

/**
 * Sessions for Express 4 and 5: `app.use(expressSessions(sessions))`, before the routes.
 *
 * The response is held back until the session is stored. A store that cannot answer is an error for `next`, with
 * `status` 503. Mount body parsers before it: a client chooses how long its body takes, and a session is judged when it is
 * opened. A handler that reads the body itself calls `await req.session.recheck()` after it. Behind a proxy, Express's own `trust proxy` setting decides about `req.secure` and `req.ip`.
 */
export function expressSessions<Data extends object>(
  sessions: Sessions<Data>,
  ...none: readonly never[]
): ExpressSessions<Data> {
  assertSessions(sessions, 'expressSessions')
  if (none.length > 0) throw new SessionError('ERR_OPTION', NO_OPTIONS)
  const open = createMiddleware(sessions, (request: ExpressRequest) => new ExpressView(request))
  const middleware: ExpressMiddleware = (request, response, next) => {
    toDictionary(request, 'res')
    toDictionary(response, 'req')
    open(request, response, next)
  }
  return Object.assign(middleware, { middleware, session: (request: object) => sessions.get(request) })
}

const NO_OPTIONS =
  "expressSessions takes no options. Behind a proxy, set Express's own: app.set('trust proxy', 1). All others belong to createSessions."

class ExpressView extends NodeView<ExpressRequest> {
  override get secure(): boolean {
    return this.request.secure
  }

  override get peer(): string | null {
    return this.request.ip ?? null
  }
}
