import type { NodeResponse } from './_node-types.ts'

/** What node throws from the same calls. */
export function headersSent(): Error {
  return Object.assign(new Error('Cannot change headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  })
}

/**
 * For a handler, a response that is held back looks like one whose headers went out: a second answer must fail in the
 * same place, not leak its headers into the first. The result undoes it.
 */
export function freezeHead(response: NodeResponse, isEnded: () => boolean): () => void {
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
  define('writableEnded', { get: isEnded })

  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(response, name)
      else Object.defineProperty(response, name, descriptor)
    }
  }
}
