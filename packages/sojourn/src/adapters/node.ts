import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OptionKinds } from '../core/contracts/check-options.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { toErrorResponse } from './_answer.ts'
import { assertHandler, checkArguments } from './_check-arguments.ts'
import { sendAnswer } from './_node-headers.ts'
import { assertNode, createMiddleware, NodeView, openNode } from './_node-open.ts'
import type { Next, NodeRequest, NodeResponse } from './_node-types.ts'
import type { TrustProxy } from './_trust-proxy.ts'

export { type Client, type FetchHandler, type NodeHandlerOptions, toNodeHandler } from './_node-bridge.ts'
export type { NodeBody } from './_node-request.ts'
export type { NodeRequest, NodeResponse } from './_node-types.ts'
export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { type RequireMiddleware, requireAssurance, requireFresh, requireMethods, requireUser } from './_require-node.ts'
export { returnPath } from './_return-path.ts'
export type { TrustProxy } from './_trust-proxy.ts'

export interface NodeOptions {
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`: none. */
  readonly trustProxy?: TrustProxy
}

const KINDS: OptionKinds<NodeOptions> = { trustProxy: 'any' }

/**
 * Sessions for a node:http server, or for one of node:http2's compatibility API:
 *
 * ```ts
 * createServer(withNodeSession(sessions, (request, response, session) => {
 *   response.end(session.userId ?? 'nobody')
 * }))
 * ```
 *
 * The response is held back until the session is stored. If the store cannot answer, the client gets a 503 and the handler does
 * not run. Errors that the handler throws or rejects with reach the caller, as without sessions.
 */
export function withNodeSession<
  Data extends object,
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse = ServerResponse,
>(
  sessions: Sessions<Data>,
  handler: (request: Request, response: Response, session: Session<Data>) => MaybePromise<void>,
  options: NodeOptions = {},
): (request: Request, response: Response) => MaybePromise<void> {
  checkArguments('withNodeSession', sessions, options, KINDS)
  assertHandler(handler, 'withNodeSession')
  return (request, response) => {
    assertNode(response, 'withNodeSession', request)
    return openNode(sessions, new NodeView(request, options.trustProxy), request, response, {
      run: (session) => handler(request, response, session),
      fail: (error) => sendAnswer(response, toErrorResponse(error)),
    })
  }
}

/**
 * Sessions for Connect, and for other frameworks that take `(request, response, next)`. The session is `request.session`;
 * `sessions.get(request)` returns it exactly typed. Errors go to `next` with their `status` and `headers`.
 */
export function nodeSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: NodeOptions = {},
): (request: NodeRequest, response: NodeResponse, next: Next) => void {
  checkArguments('nodeSessions', sessions, options, KINDS)
  return createMiddleware('nodeSessions', sessions, (request) => new NodeView(request, options.trustProxy))
}
