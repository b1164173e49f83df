import type { NodeResponse } from './_node-types.ts'

/** The calls through which a response leaves the server. `flush` is compression's, and there only with it. */
export type Verb = 'writeHead' | 'write' | 'end' | 'flushHeaders' | 'flush'
export type Args = readonly unknown[]

export interface Intercepted {
  /** Makes a call as the object would have. */
  readonly pass: (verb: Verb, args: Args) => unknown
  /**
   * Takes out what came in between, and what middleware put on top of it since: an error page must not go through a
   * compression that has seen its end. `writeHead` stays, for the hooks that set headers.
   */
  readonly restore: () => void
}

/** Leads these calls of this one object through `call`. */
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

/** What a handler sees that goes on after its response was replaced: nothing makes it wait for ever. */
export function dropCall(response: NodeResponse, verb: Verb, args: Args, error: unknown): unknown {
  const callback = args.find((arg): arg is (error?: unknown) => void => typeof arg === 'function')
  if (callback !== undefined) {
    if (verb === 'end') response.once('finish', () => callback())
    else queueMicrotask(() => callback(error))
  }
  return verb === 'write' ? true : response
}
