import type { HeaderChange } from '../core/contracts/carrier.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { chain, isPromise } from '../core/lib/maybe.ts'
import { finishQuietly, type Storing } from './_storing.ts'
import { joinVary } from './_vary.ts'

/**
 * The response with core's headers: a copy with the same body. An application may hand out one Response object again and
 * again, and must never take what belongs to one client to the next.
 */
export function withChanges(response: Response, changes: readonly HeaderChange[]): Response {
  if (changes.length === 0) return response
  // What has no status of its own (an upgrade, a network error) cannot be copied.
  if (response.status < 200) return tryApply(response, changes)
  const copy = new Response(response.body, response)
  apply(copy.headers, changes)
  return copy
}

/** Some headers cannot be changed, as those of what a runtime made for an upgrade. */
function tryApply(response: Response, changes: readonly HeaderChange[]): Response {
  try {
    apply(response.headers, changes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
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
 * Whether the handler may still be at work while the body is sent. A body of known length is not, nor are JSON and
 * plain strings as `Response` itself labels them; for them nothing is worth wrapping the body, which costs a multiple
 * of everything else here.
 */
function mayStream({ body, headers }: Response): boolean {
  if (body === null || headers.has('content-length')) return false
  const type = headers.get('content-type')
  // Not `application/jsonl` nor `application/json-seq`: those are written line by line.
  return type === null || !(type === 'text/plain;charset=UTF-8' || /^application\/json(?:;|$)/.test(type))
}

/**
 * Commits, and finishes with that unless the response may stream: what is edited later is told of, not lost in silence.
 * `response`: what the handler gave. Bun's upgrades give nothing.
 */
export function commitWhole(exchange: Storing, response: Response | undefined): MaybePromise<readonly HeaderChange[]> {
  const changes = exchange.commit(response?.status)
  if (response !== undefined && mayStream(response)) return changes
  if (isPromise(changes)) return changes.then((late) => chain(exchange.finish(), () => late))
  exchange.finish(true)
  return changes
}

/** The answer with core's headers. What a stream edits is stored before its end is sent, or when the client leaves. */
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
        // Rejects when the store fails: the client has to notice that the stream breaks off.
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
