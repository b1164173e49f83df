import type { HeaderChange } from '../core/carrier.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Session } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'
import type { MaybePromise } from '../core/store.ts'
import { isOutage, toDenialAnswer, toErrorAnswer, toResponse } from './_answer.ts'
import { finishAfter, mayStream, withChanges } from './_fetch-response.ts'
import { FetchView } from './_fetch-view.ts'
import type { TrustProxy } from './_trust-proxy.ts'

export type { TrustProxy } from './_trust-proxy.ts'

export interface FetchOptions<Incoming extends Request = Request, Rest extends readonly unknown[] = readonly []> {
  /**
   * The address at the other end of the connection, which each runtime tells in its own way. Default: not known.
   * Bun: `(request, server) => server.requestIP(request)?.address ?? null`; Deno: `(_, info) => info.remoteAddr.hostname`;
   * Workers: `(request) => request.headers.get('cf-connecting-ip')`.
   */
  readonly peer?: (request: Incoming, ...rest: Rest) => string | null
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`, nobody's. */
  readonly trustProxy?: TrustProxy
}

/**
 * Sessions for any fetch-style server: a function around your handler. What the runtime passes beside the request
 * (`env`, `ctx`, `server`) comes after the session.
 *
 * The response is given once the session is stored. When the store cannot answer, it is a 503. What the handler throws
 * is rethrown, and its edits are dropped: no response is there to carry a cookie.
 */
export function withSession<
  Data extends object,
  Incoming extends Request = Request,
  Rest extends readonly unknown[] = readonly [],
>(
  sessions: Sessions<Data>,
  handler: (request: Incoming, session: Session<Data>, ...rest: Rest) => MaybePromise<Response>,
  options: FetchOptions<Incoming, Rest> = {},
): (request: Incoming, ...rest: Rest) => Promise<Response> {
  const { peer = () => null, trustProxy } = options
  return async (request, ...rest) => {
    let exchange: Exchange<Data>
    try {
      exchange = await sessions.open(new FetchView(request, trustProxy, () => peer(request, ...rest)))
    } catch (error) {
      return unavailable(error)
    }
    if (exchange.denied !== null) return toResponse(toDenialAnswer(exchange.denied))
    sessions.attach(request, exchange.session)
    const response = await handler(request, exchange.session, ...rest)
    let changes: readonly HeaderChange[]
    try {
      changes = await exchange.commit()
    } catch (error) {
      return unavailable(error)
    }
    const answer = withChanges(response, changes)
    return mayStream(answer) ? finishAfter(answer, exchange) : answer
  }
}

function unavailable(error: unknown): Response {
  if (isOutage(error)) return toResponse(toErrorAnswer(error))
  throw error
}
