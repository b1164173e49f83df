import type { NodeResponse } from './_node-types.ts'

/** The error that node throws from the same calls. */
export function headersSent(): Error {
  const error = new Error('Cannot change headers after they are sent to the client')
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}

/**
 * Makes a response that is held back look to its handler as if its headers were sent. A second answer must fail in the same place
 * as in node, and must not leak its headers into the first. The returned function undoes this.
 */
export function freezeHead(response: NodeResponse): () => void {
  const { statusCode } = response
  const message = Object.getOwnPropertyDescriptor(response, 'statusMessage')
  const thaw = Object.hasOwn(response, '_header') ? freezeByField(response) : freezeByCalls(response)
  return () => {
    thaw()
    response.statusCode = statusCode
    // HTTP/2 has no status message, and warns if one is set.
    if (message !== undefined) Object.defineProperty(response, 'statusMessage', message)
    else Reflect.deleteProperty(response, 'statusMessage')
  }
}

/**
 * node:http keeps the finished head in `_header`, and `headersSent` and the refusals depend on that field only. Setting it costs
 * nothing. Redefining the methods that depend on it costs 20 µs a response.
 */
function freezeByField(response: NodeResponse): () => void {
  Reflect.set(response, '_header', 'held back')
  return () => Reflect.set(response, '_header', null)
}

/** For HTTP/2, and for other implementations of node's objects. */
function freezeByCalls(response: NodeResponse): () => void {
  const before = new Map<string, PropertyDescriptor | undefined>()
  const define = (name: string, descriptor: PropertyDescriptor): void => {
    before.set(name, Object.getOwnPropertyDescriptor(response, name))
    Object.defineProperty(response, name, { ...descriptor, configurable: true })
  }
  const refuse = (): never => {
    throw headersSent()
  }

  for (const name of ['setHeader', 'appendHeader', 'removeHeader']) define(name, { value: refuse, writable: true })
  define('headersSent', { get: () => true })

  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(response, name)
      else Object.defineProperty(response, name, descriptor)
    }
  }
}

const ENDED: PropertyDescriptor = { value: true, configurable: true }

/** The handler has called `end`, but the call is still queued: code that checks must not end the response again. */
export function markEnded(response: NodeResponse): void {
  Object.defineProperty(response, 'writableEnded', ENDED)
}

export function unmarkEnded(response: NodeResponse): void {
  Reflect.deleteProperty(response, 'writableEnded')
}
