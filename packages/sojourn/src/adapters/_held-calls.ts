import type { NodeResponse } from './_node-types.ts'

/** The calls through which a response leaves the server. `flush` exists only with the compression middleware. */
export type Verb = 'writeHead' | 'write' | 'end' | 'flushHeaders' | 'flush'
export type Args = readonly unknown[]

export interface Intercepted {
  /** Makes a call as the object would have made it without us. */
  readonly pass: (verb: Verb, args: Args) => unknown
  /**
   * Removes our wrappers and those that middleware added on top of them: an error page must not pass through a compression stream
   * that has already ended. `writeHead` stays, for the hooks that set headers.
   */
  readonly restore: () => void
}

/** Redirects these calls of this object to `call`. */
export function interceptCalls(response: NodeResponse, call: (verb: Verb, args: Args) => unknown): Intercepted {
  const { writeHead, write, end, flush, flushHeaders, on, once } = response
  const own = { writeHead, write, end, flush, flushHeaders }
  const held = {
    writeHead: (...args: Args) => call('writeHead', args),
    write: (...args: Args) => call('write', args) as boolean,
    end: (...args: Args) => call('end', args),
    flushHeaders: () => void call('flushHeaders', []),
  }
  Object.assign(response, held)
  const heldFlush = (...args: Args): unknown => call('flush', args)
  if (flush !== undefined) response.flush = heldFlush
  return {
    pass: (verb, args) => own[verb] !== undefined && Reflect.apply(own[verb], response, args),
    restore() {
      Object.assign(response, { write, end, flushHeaders, on, once })
    },
  }
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
