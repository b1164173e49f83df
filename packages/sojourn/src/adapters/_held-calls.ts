import type { NodeResponse } from './_node-types.ts'

/** The four calls through which a response leaves the server. */
export type Verb = 'writeHead' | 'write' | 'end' | 'flushHeaders'
export type Args = readonly unknown[]
export type Call = [verb: Verb, args: Args]

/** Leads these calls of this one object through `call`; the result makes them as the object would have. */
export function interceptCalls(
  response: NodeResponse,
  call: (verb: Verb, args: Args) => unknown,
): (verb: Verb, args: Args) => unknown {
  const { writeHead, write, end, flushHeaders = () => {} } = response
  const own = { writeHead, write, end, flushHeaders }
  const held = {
    writeHead: (...args: Args) => call('writeHead', args),
    write: (...args: Args) => call('write', args) as boolean,
    end: (...args: Args) => call('end', args),
    flushHeaders: () => void call('flushHeaders', []),
  }
  Object.assign(response, held)
  return (verb, args) => Reflect.apply(own[verb], response, args)
}

/** What a handler sees that goes on after its response was replaced: nothing makes it wait for ever. */
export function dropCall(response: NodeResponse, [verb, args]: Call, error: unknown): unknown {
  const callback = args.find((arg): arg is (error?: unknown) => void => typeof arg === 'function')
  if (callback !== undefined) {
    if (verb === 'end') response.once('finish', () => callback())
    else queueMicrotask(() => callback(error))
  }
  return verb === 'write' ? true : response
}
