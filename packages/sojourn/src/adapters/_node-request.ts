import { SessionError } from '../core/contracts/errors.ts'
import { hostOf } from '../core/lib/view.ts'
import type { OwnResponse } from './_answer.ts'
import type { NodeView } from './_node-open.ts'
import type { NodeRequest, NodeResponse } from './_node-types.ts'

/** The members of a request of node:http, node:http2 or Express that a body is read from. */
export interface NodeBody extends NodeRequest {
  readonly httpVersionMajor: number
  readonly readableDidRead?: boolean
  on(event: string, listener: (value: Uint8Array) => void): unknown
  pause(): unknown
  resume(): unknown
}

/** Makes a fetch request of one of node, or the response to one that no `Request` can describe. */
export function toRequest(
  request: NodeBody,
  view: NodeView,
  response: NodeResponse,
  leaving: AbortController,
): Request | OwnResponse {
  const { method } = view
  const url = toUrl(view)
  if (NO_METHOD.test(method)) return UNKNOWN_METHOD
  if (url === null) return BAD_REQUEST
  const body = toBody(request, response, leaving)
  const init = { method, headers: toHeaders(request), body, signal: leaving.signal, duplex: 'half' } as RequestInit
  return new Request(url, init)
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
