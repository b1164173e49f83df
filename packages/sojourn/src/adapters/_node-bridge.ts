import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { attempt } from '../core/lib/maybe.ts'
import { reportMistake, toErrorResponse } from './_answer.ts'
import { assertHandler } from './_check-arguments.ts'
import { breakOff, dropHeaders, joinVary, sendAnswer } from './_node-headers.ts'
import { NodeView } from './_node-open.ts'
import { type NodeBody, toRequest } from './_node-request.ts'
import type { NodeResponse } from './_node-types.ts'
import { assertTrustProxy, type TrustProxy } from './_trust-proxy.ts'
import { letGo } from './_unsent-body.ts'

/** Who sent the request, which a fetch `Request` does not contain. */
export interface Client {
  /** The client's address, or that of the last proxy that is not trusted. `null` if it is unknown. */
  readonly peer: string | null
}

/** A handler in the style of fetch, as `withSession` returns it, and as the protocol endpoints are. */
export type FetchHandler = (request: Request, client: Client) => MaybePromise<Response>

export interface NodeHandlerOptions {
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`: none. */
  readonly trustProxy?: TrustProxy
  /** Receives what the handler or its body threw. The client sees none of it. Default: `console.error`, except for outages. */
  readonly onError?: (error: unknown) => void
}

const KINDS: OptionKinds<NodeHandlerOptions> = { trustProxy: 'any', onError: 'function' }

/**
 * Runs a fetch handler on a node:http server, one of node:http2's compatibility API, Connect or Express:
 *
 * ```ts
 * createServer(toNodeHandler(async (request) => Response.json({ path: new URL(request.url).pathname })))
 * ```
 *
 * - `request.url` is the whole public URL, also below an Express mount path. `request.signal` aborts when the client leaves.
 * - Bodies stream in both directions, no faster than their readers. What nobody reads of a body until the response is sent is
 *   discarded.
 * - If the handler throws, the client gets a 500 without details, or the status of the `SessionError`, and `onError` the error.
 * - Mount it before body parsers: a body can be read once.
 */
export function toNodeHandler(
  handler: FetchHandler,
  options: NodeHandlerOptions = {},
): (request: NodeBody, response: NodeResponse) => Promise<void> {
  assertHandler(handler, 'toNodeHandler')
  checkOptions(options, KINDS, 'toNodeHandler')
  const { trustProxy, onError = reportMistake } = options
  if (trustProxy !== undefined) assertTrustProxy(trustProxy, 'toNodeHandler')
  return async (request, response) => {
    const leaving = new AbortController()
    watch(response, leaving)
    const out = new Outgoing(response, leaving.signal)
    // Nobody handles a rejection, so nothing of the application's may throw outside.
    try {
      const view = new NodeView(request, trustProxy)
      const asked = toRequest(request, view, response, leaving)
      if (!(asked instanceof Request)) return sendAnswer(response, asked)
      await out.send(await handler(asked, { peer: view.peer }), view.method === 'HEAD')
    } catch (error) {
      out.fail(error)
      // A client that leaves is no mistake of the handler.
      if (error !== leaving.signal.reason) attempt(() => onError(error), reportMistake)
    }
  }
}

/** The client may leave before the whole response was sent. */
function watch(response: NodeResponse, leaving: AbortController): void {
  let isSent = false
  response.once('finish', () => {
    isSent = true
  })
  response.once('close', () => {
    if (!isSent) leaving.abort()
  })
  // HTTP/2 emits `finish` in this case too, and no `close` as long as a part of the request's body is unread.
  response.stream?.once('aborted', () => leaving.abort())
}

/** Headers about one HTTP/1 connection, which HTTP/2 must not send (RFC 9113, section 8.2.2). */
const ABOUT_THE_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'http2-settings']

/** The response on its way to the client. */
class Outgoing {
  readonly #response: NodeResponse
  readonly #leaving: AbortSignal
  #hasBegun = false

  constructor(response: NodeResponse, leaving: AbortSignal) {
    this.#response = response
    this.#leaving = leaving
  }

  async send(answer: Response, isHead: boolean): Promise<void> {
    if (!(answer instanceof Response) || answer.status < 200) {
      throw new SessionError(
        'ERR_MISUSE',
        'The handler of toNodeHandler returned no response with a status of 200 or more.',
      )
    }
    const { body } = answer
    // Something else may have answered meanwhile, such as a time limit.
    if (this.#leaving.aborted || this.#response.writableEnded) return letGo(body)
    try {
      this.#putHead(answer)
    } catch (error) {
      letGo(body)
      throw error
    }
    if (body === null || isHead) {
      letGo(body)
      this.#response.end()
      return
    }
    await this.#pour(body)
  }

  /** Nothing of the error reaches the client. A response that has begun breaks off, so that the client notices. */
  fail(error: unknown): void {
    const response = this.#response
    if (response.writableEnded) return
    if (this.#leaving.aborted || this.#hasBegun || response.headersSent) {
      breakOff(response)
      return
    }
    try {
      dropHeaders(response)
      sendAnswer(response, toErrorResponse(error instanceof SessionError ? error : null))
    } catch {
      // A hook of other middleware on the head fails again.
      breakOff(response)
    }
  }

  #putHead({ status, statusText, headers }: Response): void {
    const response = this.#response
    const isHttp2 = response.stream !== undefined
    response.statusCode = status
    if (statusText !== '' && !isHttp2) Reflect.set(response, 'statusMessage', statusText)
    for (const [name, value] of headers) {
      // node chooses how to frame the body. The response of another server, which a handler passes on, says how that one did it.
      if (name === 'transfer-encoding' || (isHttp2 && ABOUT_THE_CONNECTION.includes(name))) continue
      const present = response.getHeader(name)
      if (name === 'set-cookie') response.appendHeader(name, value)
      else response.setHeader(name, name === 'vary' && present !== undefined ? joinVary(String(present), value) : value)
    }
  }

  /** Takes the next chunk when the client has room for it. */
  async #pour(body: ReadableStream<Uint8Array>): Promise<void> {
    const response = this.#response
    const reader = body.getReader()
    let wake = (): void => {}
    let isClosed = false
    let flaw: readonly [error: unknown] | null = null
    const stop = (): void => {
      isClosed = true
      wake()
      reader.cancel().catch(() => {})
    }
    response.on('drain', () => wake())
    response.on('close', stop)
    response.stream?.once('aborted', stop)
    // The client may wait for the head of a response whose body comes later. A body that is there already goes with its head.
    const early = setImmediate(() => {
      try {
        this.#flushHead()
      } catch (error) {
        flaw = [error]
        stop()
      }
    })
    try {
      for (let step = await reader.read(); !step.done && !isClosed; step = await reader.read()) {
        clearImmediate(early)
        this.#hasBegun = true
        if (response.write(step.value) || isClosed) continue
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (flaw !== null) throw flaw[0]
      if (!isClosed) response.end()
    } finally {
      clearImmediate(early)
    }
  }

  #flushHead(): void {
    this.#hasBegun = true
    this.#response.flushHeaders?.()
  }
}
