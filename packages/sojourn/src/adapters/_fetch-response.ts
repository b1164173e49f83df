import type { HeaderChange } from '../core/contracts/carrier.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { chain, isPromise } from '../core/lib/maybe.ts'
import { joinVary } from './_node-headers.ts'
import { finishQuietly, type Storing } from './_storing.ts'

/**
 * Returns a copy of the response with core's headers and the same body. An application may return one Response object to several
 * clients, so the object itself must never get one client's headers.
 */
export function withChanges(response: Response, changes: readonly HeaderChange[]): Response {
  if (changes.length === 0) return response
  // A response whose status cannot be constructed (an upgrade, a network error) cannot be copied.
  if (response.status < 200) return tryApply(response, changes)
  const copy = new Response(response.body, response)
  apply(copy.headers, changes)
  return copy
}

function tryApply(response: Response, changes: readonly HeaderChange[]): Response {
  try {
    apply(response.headers, changes)
  } catch {
    // Some headers are immutable, such as those of a runtime's upgrade response.
  }
  return response
}

function apply(headers: Headers, changes: readonly HeaderChange[]): void {
  for (const { name, value, how } of changes) {
    if (how === 'replace') {
      if (value === '') headers.delete(name)
      else headers.set(name, value)
      continue
    }
    const present = headers.get(name)
    if (present === null) headers.set(name, value)
    else if (how === 'append' && name.toLowerCase() === 'vary') headers.set(name, joinVary(present, value))
    else if (how === 'append') headers.append(name, value)
  }
}

/**
 * Whether the handler may still be working while the body is sent. This is not so if the body has a known length, is JSON, or is
 * a plain string as `Response` itself labels it. Such bodies are not wrapped, because wrapping costs several times as much as
 * everything else here.
 */
function mayStream({ body, headers }: Response): boolean {
  if (body === null || headers.has('content-length')) return false
  const type = headers.get('content-type')
  // `application/jsonl` and `application/json-seq` are excluded because servers write them line by line.
  return type === null || !(type === 'text/plain;charset=UTF-8' || /^application\/json(?:;|$)/.test(type))
}

/**
 * Commits, and also finishes unless the response may stream, so that later edits are reported instead of lost silently.
 * `response`: what the handler returned, which is `undefined` for Bun's upgrades.
 */
export function commitWhole(exchange: Storing, response: Response | undefined): MaybePromise<readonly HeaderChange[]> {
  const changes = exchange.commit(response?.status)
  if (response !== undefined && mayStream(response)) return changes
  if (isPromise(changes)) return changes.then((late) => chain(exchange.finish(), () => late))
  exchange.finish(true)
  return changes
}

/**
 * Returns the response with core's headers. Edits that a stream makes are stored before its end is sent, or when the client
 * leaves.
 */
export function toAnswer(response: Response, changes: readonly HeaderChange[], exchange: Storing): Response {
  const answer = withChanges(response, changes)
  return mayStream(answer) ? finishAfter(answer, exchange) : answer
}

function finishAfter(response: Response, exchange: Storing): Response {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch(async (error: unknown) => {
          await finishQuietly(exchange)
          throw error
        })
        if (!done) return controller.enqueue(value)
        // Rejects if the store fails, so that the stream breaks off and the client notices.
        await exchange.finish()
        controller.close()
      },
      async cancel(reason) {
        await finishQuietly(exchange)
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, response)
}
