import type { HeaderChange } from '../core/carrier.ts'
import type { Exchange } from '../core/exchange.ts'
import { isPromise } from '../core/maybe.ts'
import { isOutage, toErrorAnswer } from './_answer.ts'
import { freezeHead, headersSent } from './_frozen-head.ts'
import { adoptHeaders, applyChanges, dropHeaders, sendAnswer } from './_node-headers.ts'
import type { Next, NodeResponse } from './_node-types.ts'

/**
 * Holds a response back until its session is stored, so that no client can act on an answer whose session is not there
 * yet. Only this one object is changed: never a prototype, nothing of the framework. When core answers at once, each
 * call goes straight through.
 *
 * `next`: where an error goes when the handler had ended its response, so that the application's error page can take
 * its place. Without it, and in the middle of a stream, the response becomes a plain text error.
 */
export function holdResponse(response: NodeResponse, exchange: Storing, next?: Next): HeldResponse {
  const held = new HeldResponse(response, exchange, next)
  response.writeHead = (...args) => held.call('writeHead', args)
  response.write = (...args) => held.call('write', args) as boolean
  response.end = (...args) => held.call('end', args)
  response.flushHeaders = () => held.call('flushHeaders', [])
  return held
}

/** For whoever has committed already: what a stream edits from here on is stored before its end is sent. */
export function holdEnd(response: NodeResponse, exchange: Storing): void {
  holdResponse(response, exchange).resume()
}

/** The half of an exchange that a response drives. */
export type Storing = Pick<Exchange<object>, 'commit' | 'finish'>

type Verb = 'writeHead' | 'write' | 'end' | 'flushHeaders'
type Args = readonly unknown[]

/**
 * - `open`: nothing has gone out, nothing is stored;
 * - `committing`, `finishing`: the store is at work, calls queue up;
 * - `sent`: the headers are out; the end waits for what was edited meanwhile;
 * - `through`: nothing more to do, every call is the response's own;
 * - `failed`: an error went out instead, and what the handler still says is dropped.
 */
type Stage = 'open' | 'committing' | 'sent' | 'finishing' | 'through' | 'failed'

export class HeldResponse {
  readonly #response: NodeResponse
  readonly #exchange: Storing
  readonly #next: Next | undefined
  readonly #own: Pick<NodeResponse, Verb>
  #stage: Stage = 'open'
  #queue: [verb: Verb, args: Args][] = []
  #ended = false
  #watched = false
  #closed = false
  #error: unknown

  constructor(response: NodeResponse, exchange: Storing, next: Next | undefined) {
    this.#response = response
    this.#exchange = exchange
    this.#next = next
    const { writeHead, write, end, flushHeaders } = response
    this.#own = { writeHead, write, end, flushHeaders }
  }

  call(verb: Verb, args: Args): unknown {
    if (verb === 'end') this.#ended = true
    switch (this.#stage) {
      case 'open':
        return this.#commit(verb, args)
      case 'sent':
        if (verb === 'end') return this.#finish(args)
        this.#watch(verb)
        return this.#pass(verb, args)
      case 'through':
        return this.#pass(verb, args)
      case 'failed':
        return this.#drop(verb, args)
      default:
        return this.#enqueue(verb, args)
    }
  }

  /** For a framework with a hook of its own before headers go out: from here on it commits itself. `false`: too late, they went. */
  claim(): boolean {
    const open = this.#stage === 'open'
    if (open) this.#stage = 'through'
    return open
  }

  /** It has committed; the end of the response still waits for later edits. */
  resume(): void {
    this.#stage = 'sent'
  }

  #commit(verb: Verb, args: Args): unknown {
    this.#watch(verb)
    let changes: ReturnType<Storing['commit']>
    try {
      changes = this.#exchange.commit()
    } catch (error) {
      this.#fail(error)
      return this.#drop(verb, args)
    }
    if (!isPromise(changes)) {
      this.#stage = verb === 'end' ? 'through' : 'sent'
      return this.#pass(verb, this.#apply(changes, verb, args))
    }
    const { statusCode } = this.#response
    this.#wait('committing', changes, (late) => {
      this.#stage = 'sent'
      this.#response.statusCode = statusCode
      const first = this.#queue[0]
      if (first !== undefined) first[1] = this.#apply(late, verb, first[1])
    })
    return this.#enqueue(verb, args, true)
  }

  /** What a stream edited since its headers went out is stored before its end is sent. */
  #finish(args: Args): unknown {
    let stored: ReturnType<Storing['finish']>
    try {
      stored = this.#exchange.finish()
    } catch (error) {
      this.#fail(error)
      return this.#drop('end', args)
    }
    if (!isPromise(stored)) {
      this.#stage = 'through'
      return this.#pass('end', args)
    }
    this.#wait('finishing', stored, () => {
      this.#stage = 'through'
    })
    return this.#enqueue('end', args)
  }

  #wait<T>(stage: 'committing' | 'finishing', work: Promise<T>, done: (value: T) => void): void {
    this.#stage = stage
    const thaw = freezeHead(this.#response, () => this.#ended)
    work.then(
      (value) => {
        thaw()
        try {
          done(value)
          this.#replay()
        } catch (error) {
          this.#fail(error)
        }
      },
      (error: unknown) => {
        thaw()
        this.#fail(error)
      },
    )
  }

  #enqueue(verb: Verb, args: Args, first = false): unknown {
    if (verb === 'writeHead' && !first) throw headersSent()
    this.#queue.push([verb, args])
    return verb === 'write' ? false : this.#response
  }

  #replay(): void {
    let flowing = false
    for (const [verb, args] of this.#queue.splice(0)) {
      const answer = this.call(verb, args)
      if (verb === 'write') flowing = answer === true
    }
    // Whoever wrote while the store was at work was told to wait.
    if (flowing && this.#stage === 'sent') this.#response.emit('drain')
    if (this.#closed) this.#finishQuietly()
  }

  #pass(verb: Verb, args: Args): unknown {
    return Reflect.apply(this.#own[verb], this.#response, args)
  }

  #apply(changes: readonly HeaderChange[], verb: Verb, args: Args): Args {
    if (changes.length === 0 || this.#response.headersSent) return args
    const head = verb === 'writeHead' ? adoptHeaders(this.#response, args) : args
    applyChanges(this.#response, changes)
    return head
  }

  /** Nothing of the application's response went out if its headers did not; else the client has to notice that it ends too soon. */
  #fail(error: unknown): void {
    this.#error = error
    const dropped = this.#queue.splice(0)
    if (this.#response.headersSent) {
      this.#stage = 'failed'
      report(error)
      this.#response.destroy()
    } else {
      dropHeaders(this.#response)
      this.#stage = 'through'
      if (this.#ended && this.#next !== undefined) this.#next(error)
      else {
        report(error)
        sendAnswer(this.#response, toErrorAnswer(error))
        this.#stage = 'failed'
      }
    }
    for (const [verb, args] of dropped) this.#drop(verb, args)
  }

  /** What a handler sees that goes on after its response was replaced. A pipe runs dry instead of waiting for ever. */
  #drop(verb: Verb, args: Args): unknown {
    const callback = args.find((arg): arg is (error?: unknown) => void => typeof arg === 'function')
    if (callback !== undefined) {
      if (verb === 'end') this.#response.once('finish', () => callback())
      else queueMicrotask(() => callback(this.#error))
    }
    return verb === 'write' ? true : this.#response
  }

  /** A client that leaves in the middle of a stream must not cost what was edited: its handler may never call `end`. */
  #watch(verb: Verb): void {
    if (this.#watched || verb === 'writeHead' || verb === 'end') return
    this.#watched = true
    this.#response.once('close', () => {
      this.#closed = true
      this.#finishQuietly()
    })
  }

  #finishQuietly(): void {
    if (this.#stage !== 'sent') return
    this.#stage = 'through'
    try {
      const stored = this.#exchange.finish()
      if (isPromise(stored)) stored.catch(report)
    } catch (error) {
      report(error)
    }
  }
}

/** No framework hears of these. An outage is an event of the sessions already. */
function report(error: unknown): void {
  if (!isOutage(error)) console.error(error)
}
