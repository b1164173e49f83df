import type { HeaderChange } from '../core/contracts/carrier.ts'
import { CACHE_OVERRIDES } from '../core/request/caching.ts'
import type { OwnResponse } from './_answer.ts'
import type { HeaderValue, NodeResponse } from './_node-types.ts'

/**
 * Sets core's headers before the call that sends the head, unless the head is sent. Returns the remaining arguments of the call.
 */
export function putOn(
  response: NodeResponse,
  changes: readonly HeaderChange[],
  call: string,
  args: readonly unknown[],
): readonly unknown[] {
  if (changes.length === 0 || response.headersSent) return args
  const rest = call === 'writeHead' ? adoptHeaders(response, args) : args
  applyChanges(response, changes)
  return rest
}

/** If node sends the head by itself, sets core's headers again after hooks that may have replaced them. */
export function putOnAgain(
  response: NodeResponse,
  changes: readonly HeaderChange[],
  call: string,
  args: readonly unknown[],
): readonly unknown[] {
  const isReplaced = call === 'writeHead' && changes.some(({ how }) => how === 'replace')
  return isReplaced ? putOn(response, changes, call, args) : args
}

/** Sets core's headers on a response whose headers are not sent. They may already be set, from a head that was refused. */
export function applyChanges(response: NodeResponse, changes: readonly HeaderChange[]): void {
  for (const { name, value, how } of changes) {
    if (how === 'replace') {
      replace(response, name, value)
      continue
    }
    const present = response.getHeader(name)
    if (present === undefined) response.setHeader(name, value)
    else if (how === 'append') append(response, name, value, present)
  }
}

function replace(response: NodeResponse, name: string, value: string): void {
  if (value === '') response.removeHeader(name)
  else response.setHeader(name, value)
}

function append(response: NodeResponse, name: string, value: string, present: HeaderValue): void {
  if (name.toLowerCase() === 'vary') response.setHeader(name, joinVary(String(present), value))
  else if (!(Array.isArray(present) ? present : [present]).includes(value)) response.appendHeader(name, value)
}

/** Lists each header once in `Vary`; `*` covers all. */
export function joinVary(present: string, added: string): string {
  const names = present
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  return names.includes('*') || names.includes(added.toLowerCase()) ? present : `${present}, ${added}`
}

/**
 * Sets the headers among `writeHead`'s arguments on the response one by one, so that they are merged with core's. Returns the
 * remaining arguments. As in node, they replace earlier values of the same names. Unlike node 20, a name that is repeated in a
 * raw list keeps all its values.
 */
function adoptHeaders(response: NodeResponse, [status, reason, last]: readonly unknown[]): readonly unknown[] {
  const withReason = typeof reason === 'string'
  const headers = withReason ? last : (last ?? reason)
  if (Array.isArray(headers)) {
    const pairs = toPairs(headers)
    for (const [name] of pairs) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(name, value)
  } else if (typeof headers === 'object' && headers !== null) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  }
  return withReason ? [status, reason] : [status]
}

type Pair = [name: string, value: HeaderValue]

/** node accepts `[name, value, name, value]` and `[[name, value]]`. */
function toPairs(list: readonly unknown[]): Pair[] {
  if (Array.isArray(list[0])) return list as Pair[]
  const pairs: unknown[] = []
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i], list[i + 1]])
  return pairs as Pair[]
}

/**
 * Headers that describe the response that the application wanted to send. An error that replaces it must not carry them. Headers
 * about the server and the connection (CORS, CSP, HSTS, request ids) stay.
 */
const ABOUT_THE_RESPONSE: readonly string[] = [
  'accept-ranges',
  'age',
  'cache-control',
  'clear-site-data',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'link',
  'location',
  'refresh',
  'set-cookie',
  'trailer',
  'transfer-encoding',
  ...CACHE_OVERRIDES,
]

/**
 * Removes only headers that are set: if `Content-Length` and `Transfer-Encoding` are removed, node sends neither and has to close
 * the connection after the response.
 */
export function dropHeaders(response: Pick<NodeResponse, 'hasHeader' | 'removeHeader'>): void {
  for (const name of ABOUT_THE_RESPONSE) if (response.hasHeader(name)) response.removeHeader(name)
}

/** Sends a response of Sojourn's own, unless something else has answered, such as a time limit while the store was late. */
export function sendAnswer(
  response: NodeResponse,
  { status, headers, body }: OwnResponse,
  end: (body: string) => unknown = (text) => response.end(text),
): void {
  if (response.headersSent) return
  response.statusCode = status
  // The application set it for another status. HTTP/2 has none, and warns when it is read.
  if (Object.hasOwn(response, 'statusMessage')) Reflect.set(response, 'statusMessage', '')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (body !== '') response.setHeader('content-length', new TextEncoder().encode(body).length)
  end(body)
}

/** NGHTTP2_INTERNAL_ERROR */
const INTERNAL_ERROR = 2

/**
 * Ends the response so that the client notices that it is incomplete. Over HTTP/2, a plain `destroy` would look like a regular
 * end.
 */
export function breakOff(response: NodeResponse): void {
  if (response.stream === undefined) response.destroy()
  else response.stream.close(INTERNAL_ERROR)
}
