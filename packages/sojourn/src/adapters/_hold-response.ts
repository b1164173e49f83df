import type { HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { NO_HEADERS } from '../core/request/caching.ts'
import { isAnswered, reportMistake, toErrorResponse, toOwnResponse, toResponse } from './_answer.ts'
import { commitWhole, toAnswer, withChanges } from './_fetch-response.ts'
import { dropHeaders } from './_node-headers.ts'
import { letGo } from './_unsent-body.ts'

/**
 * For frameworks whose middleware turns a request into a `Response`: opens the session, runs the rest of the application, and
 * returns its response once the session is stored. `run` gets the session, and may return nothing for an upgrade of Bun.
 */
export async function holdResponse<Data extends object>(
  sessions: Sessions<Data>,
  view: RequestView,
  run: (session: Session<Data>) => MaybePromise<Response>,
): Promise<Response> {
  let exchange: Exchange<Data>
  try {
    exchange = await sessions.open(view)
  } catch (error) {
    return answerError(error)
  }
  const { answer } = exchange
  // Bun's upgrades return nothing.
  let response: Response | undefined
  try {
    response = answer === null ? await run(exchange.session) : toResponse(toOwnResponse(answer))
    const changes = await commitWhole(exchange, response)
    return response === undefined ? (response as never) : toAnswer(response, changes, exchange)
  } catch (error) {
    letGo(response)
    return answerError(error, exchange.salvage(), response?.headers)
  }
}

/**
 * The runtime reports mistakes, but its response carries no cookie. So if the client must receive a token (`owed`), we make the
 * response: the old token is no longer valid, and a later use of it would look like theft.
 */
function answerError(error: unknown, owed: readonly HeaderChange[] = NO_HEADERS, replaced?: Headers): Response {
  if (owed.length === 0 && !isAnswered(error)) throw error
  reportMistake(error)
  const kept = new Headers(replaced)
  dropHeaders({ hasHeader: (name) => kept.has(name), removeHeader: (name) => kept.delete(name) })
  const { status, headers, body } = toErrorResponse(error)
  for (const [name, value] of Object.entries(headers)) kept.set(name, value)
  return withChanges(new Response(body, { status, headers: kept }), owed)
}
