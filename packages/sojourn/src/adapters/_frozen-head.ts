import { headersSent } from './_held-calls.ts'
import type { NodeResponse } from './_node-types.ts'

/**
 * Makes the headers of a response look sent, where that is not a field of node:http: for HTTP/2, and for other implementations of
 * node's objects. The returned function undoes this.
 */
export function freezeByCalls(response: NodeResponse): () => void {
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
