import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { attempt } from '../core/lib/maybe.ts'
import { hostOf } from '../core/lib/view.ts'
import { type OwnResponse, reportMistake, toErrorResponse } from './_answer.ts'
import { assertHandler } from './_check-arguments.ts'
import { breakOff, dropHeaders, joinVary, sendAnswer } from './_node-headers.ts'
import { NodeView } from './_node-open.ts'
import type { NodeRequest, NodeResponse } from './_node-types.ts'
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

/** The members of a request of node:http, node:http2 or Express that a body is read from. */
export interface NodeBody extends NodeRequest {
  readonly httpVersionMajor: number
  readonly readableDidRead?: boolean
  on(event: string, listener: (value: Uint8Array) => void): unknown
  pause(): unknown
  resume(): unknown
}

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
      const url = toUrl(view)
      if (NO_METHOD.test(view.method)) return sendAnswer(response, UNKNOWN_METHOD)
      if (url === null) return sendAnswer(response, BAD_REQUEST)
      const body = toBody(request, response, leaving)
      const { signal } = leaving
      const init = { method: view.method, headers: toHeaders(request), body, signal, duplex: 'half' } as RequestInit
      await out.send(await handler(new Request(url, init), { peer: view.peer }), view.method === 'HEAD')
    } catch (error) {
      out.fail(error)
      // A client that leaves is no mistake of the handler.
      if (error !== leaving.signal.reason) attempt(() => onError(error), reportMistake)
    }
  }
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
const BAD_REQUEST: OwnResponse = { status: 400, headers: TEXT, body: 'The request is addressed to no valid URL.\n' }
const UNKNOWN_METHOD: OwnResponse = { status: 501, headers: TEXT, body: 'The server does not support this method.\n' }

/** fetch has no request with these methods, and it would make a `GET` of the `get` that an HTTP/2 client may send. */
const NO_METHOD = /^(?:CONNECT|TRACE|TRACK)$|[a-z]/

/** A name or an address, and a port. Anything else could move the host to another part of the URL. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/

/**
 * `URL` resolves `..` and its spellings, makes `/` of a backslash, and ends the path at `#`. Middleware and routers before this
 * handler compare the path as received, so the handler would act on another path than the one that they let through. Browsers
 * and `fetch` send no such target.
 */
const OTHER_PATH = /#|^[^?]*(?:\\|\/(?:\.|%2e){1,2}(?:[/?]|$))/i

/** Joins texts, because resolving a path such as `//evil.example` against a base would replace the host. */
function toUrl(view: NodeView): string | null {
  // HTTP/1.0 clients, such as health checks, may name no host.
  const isNamed = view.header('host') !== null || view.header(':authority') !== null
  const host = isNamed ? hostOf(view) : 'localhost'
  const path = view.url.replace(/^https?:\/\/[^/?#]*/i, '')
  const url = `${view.secure ? 'https' : 'http'}://${host}${path === '' ? '/' : path}`
  const isPlain = /^(?:[/?]|$)/.test(path) && !OTHER_PATH.test(path)
  return HOST.test(host) && isPlain && URL.canParse(url) ? url : null
}

function toHeaders({ headers }: NodeRequest): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2's own fields are in the URL and the method.
    if (value === undefined || name.startsWith(':')) continue
    for (const one of typeof value === 'string' ? [value] : value) result.append(name, one)
  }
  return result
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

function hasBody({ method, headers, httpVersionMajor }: NodeBody): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  const { 'content-length': length, 'transfer-encoding': coding } = headers
  return coding !== undefined || (length === undefined ? httpVersionMajor > 1 : length !== '0')
}

/** Reads one chunk of the socket for each that the handler reads. */
function toBody(
  request: NodeBody,
  response: NodeResponse,
  leaving: AbortController,
): ReadableStream<Uint8Array> | null {
  if (!hasBody(request)) return null
  if (request.readableDidRead === true) {
    throw new SessionError('ERR_MISUSE', 'The body was read before. Mount toNodeHandler before body parsers.')
  }
  let isOver = false
  let isBegun = false
  let isWanted = false
  const discard = (): void => {
    isOver = true
    request.resume()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const once = (act: () => void) => (): void => {
          if (!isOver) act()
          isOver = true
        }
        const drop = once(() => {
          controller.error(new SessionError('ERR_MISUSE', 'The response was sent before this body was read.'))
          request.resume()
        })
        // Unread bytes would block the next request of the connection, so node drops a body that nobody began to read. But a
        // handler may answer while it still reads.
        response.once('finish', () => {
          if (!isBegun) drop()
          else setImmediate(() => isWanted || drop())
        })
        request.pause()
        request.on('data', (chunk) => {
          if (isOver) return
          isWanted = false
          controller.enqueue(chunk)
          request.pause()
        })
        request.on(
          'end',
          once(() => controller.close()),
        )
        const cut = once(() => {
          leaving.abort()
          controller.error(leaving.signal.reason)
        })
        request.on('error', cut)
        request.on('close', cut)
      },
      pull() {
        isBegun = true
        isWanted = true
        request.resume()
      },
      cancel: discard,
    },
    { highWaterMark: 0 },
  )
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
