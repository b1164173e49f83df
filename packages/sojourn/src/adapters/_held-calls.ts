import type { NodeResponse } from './_node-types.ts'

/** The calls through which a response leaves the server. `flush` exists only with the compression middleware. */
export type Verb = 'writeHead' | 'write' | 'end' | 'flushHeaders' | 'flush'
export type Args = readonly unknown[]

/** A call that waits for the store. `destroy` carries the real call. */
export type Call = readonly [verb: Verb, args: Args] | readonly [verb: 'destroy', destroy: () => void]

export interface Intercepted {
  /** Makes a call as the object would have made it without us. */
  pass(verb: Verb, args: Args): unknown
  /**
   * Removes our wrappers and those that middleware added on top of them: an error page must not pass through a compression stream
   * that has already ended. `writeHead` stays, for the hooks that set headers.
   */
  restore(): void
}

/** Handles calls of a handler that continues after its response was replaced: its callbacks run, so it does not wait forever. */
export function dropCall(response: NodeResponse, verb: Verb, args: Args, error: unknown): unknown {
  const callback = args.find((arg): arg is (error?: unknown) => void => typeof arg === 'function')
  if (callback !== undefined) {
    if (verb === 'end') response.once('finish', () => callback())
    else queueMicrotask(() => callback(error))
  }
  return verb === 'write' ? true : response
}

/** The error that node throws from the same calls. */
export function headersSent(): Error {
  const error = new Error('Cannot change headers after they are sent to the client')
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}
