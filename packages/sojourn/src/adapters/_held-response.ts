import type { HeaderChange } from '../core/carrier.ts'
import { NO_HEADERS } from '../core/headers.ts'
import { isPromise } from '../core/maybe.ts'
import { reportMistake, toErrorAnswer } from './_answer.ts'
import { freezeHead, headersSent, markEnded, unmarkEnded } from './_frozen-head.ts'
import { type Args, type Call, dropCall, interceptCalls, type Verb } from './_held-calls.ts'
import { adoptHeaders, applyChanges, breakOff, dropHeaders, sendAnswer } from './_node-headers.ts'
import type { Next, NodeResponse } from './_node-types.ts'
import { finishQuietly, type Storing } from './_storing.ts'

/**
 * - `open`: nothing has gone out, nothing is stored;
 * - `committing`, `finishing`: the store is at work, calls queue up;
 * - `sent`: the headers are out; the end waits for what was edited meanwhile;
 * - `through`: nothing more to do, every call is the response's own;
 * - `failed`: an error went out instead, and what the handler still says is dropped.
 */
type Stage = 'open' | 'committing' | 'sent' | 'finishing' | 'through' | 'failed'

/**
 * Holds a response back until its session is stored, so that no client can act on an answer whose session is not there
 * yet. Only this one object is changed: never a prototype, nothing of the framework. When core answers at once, each
 * call goes straight through.
 */
export class HeldResponse {
  readonly #response: NodeResponse
  readonly #exchange: Storing
  readonly #next: Next | undefined
  readonly #pass: (verb: Verb, args: Args) => unknown
  #stage: Stage = 'open'
  #thaw: (() => void) | null = null
  #queue: Call[] = []
  #due: readonly HeaderChange[] = NO_HEADERS
  #isEnded = false
  #isWatched = false
  #isClosed = false
  #error: unknown

  /**
   * `next`: where an error goes when the handler had ended its response, so that the application's error page can take
   * its place. Without it, and in the middle of a stream, the response becomes a plain text error.
   */
  constructor(response: NodeResponse, exchange: Storing, next?: Next) {
    this.#response = response
    this.#exchange = exchange
    this.#next = next
    this.#pass = interceptCalls(response, (verb, args) => this.#call(verb, args))
  }

  /** For a framework with a hook of its own before headers go out: from here on it commits itself. `false`: too late, they went. */
  claim(): boolean {
    const isOpen = this.#stage === 'open'
    if (isOpen) this.#stage = 'through'
    return isOpen
  }

  /**
   * After `claim`, when it has committed: the end of the response still waits for later edits. `changes` are put on when
   * the headers go out, after everybody else's hooks.
   */
  resume(changes: readonly HeaderChange[]): void {
    this.#stage = 'sent'
    this.#due = changes
  }

  #call(verb: Verb, args: Args): unknown {
    if (verb === 'end') this.#isEnded = true
    switch (this.#stage) {
      case 'open':
        return this.#commit(verb, args)
      case 'sent': {
        const rest = this.#due.length > 0 ? this.#applyDue(verb, args) : args
        if (verb === 'end') return this.#finish(rest)
        this.#watch(verb)
        return this.#pass(verb, rest)
      }
      case 'through':
        return this.#pass(verb, args)
      case 'failed':
        return dropCall(this.#response, [verb, args], this.#error)
      default:
        if (verb === 'writeHead') throw headersSent()
        return this.#enqueue(verb, args)
    }
  }

  #commit(verb: Verb, args: Args): unknown {
    this.#watch(verb)
    let changes: ReturnType<Storing['commit']>
    try {
      changes = this.#exchange.commit()
    } catch (error) {
      this.#fail(error)
      return dropCall(this.#response, [verb, args], error)
    }
    if (!isPromise(changes)) {
      this.#stage = verb === 'end' ? 'through' : 'sent'
      return this.#pass(verb, this.#apply(changes, verb, args))
    }
    const { statusCode } = this.#response
    const thaw = freezeHead(this.#response)
    this.#thaw = thaw
    this.#wait('committing', changes, (late) => {
      thaw()
      this.#stage = 'sent'
      this.#response.statusCode = statusCode
      const first = this.#queue[0]
      if (first !== undefined) first[1] = this.#apply(late, verb, args)
    })
    return this.#enqueue(verb, args)
  }

  /** What a stream edited since its headers went out is stored before its end is sent. */
  #finish(args: Args): unknown {
    let stored: ReturnType<Storing['finish']>
    try {
      stored = this.#exchange.finish()
    } catch (error) {
      this.#fail(error)
      return dropCall(this.#response, ['end', args], error)
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
    const proceed = (value: T): void => {
      done(value)
      this.#replay()
    }
    work.then(proceed).catch((error: unknown) => this.#fail(error))
  }

  #enqueue(verb: Verb, args: Args): unknown {
    this.#queue.push([verb, args])
    if (verb === 'end') markEnded(this.#response)
    return verb === 'write' ? false : this.#response
  }

  #replay(): void {
    let isFlowing = false
    for (const [verb, args] of this.#queue.splice(0)) {
      const answer = this.#call(verb, args)
      if (verb === 'write') isFlowing = answer === true
    }
    // Whoever wrote while the store was at work was told to wait.
    if (isFlowing && this.#stage === 'sent') this.#response.emit('drain')
    if (this.#isClosed) this.#finishQuietly()
  }

  #applyDue(verb: Verb, args: Args): Args {
    const due = this.#due
    this.#due = NO_HEADERS
    return this.#apply(due, verb, args)
  }

  #apply(changes: readonly HeaderChange[], verb: Verb, args: Args): Args {
    if (changes.length === 0 || this.#response.headersSent) return args
    const rest = verb === 'writeHead' ? adoptHeaders(this.#response, args) : args
    applyChanges(this.#response, changes)
    return rest
  }

  /** If headers are not out, nothing of the application's response is; else the client has to notice that it ends too soon. */
  #fail(error: unknown): void {
    if (this.#stage === 'committing') this.#thaw?.()
    this.#error = error
    const dropped = this.#queue.splice(0)
    const wasEnded = this.#isEnded
    this.#stage = 'through'
    if (this.#response.headersSent) {
      reportMistake(error)
      breakOff(this.#response)
      this.#stage = 'failed'
    } else {
      dropHeaders(this.#response)
      unmarkEnded(this.#response)
      if (wasEnded && this.#next !== undefined) this.#next(error)
      else {
        reportMistake(error)
        sendAnswer(this.#response, toErrorAnswer(error))
        this.#stage = 'failed'
      }
    }
    for (const call of dropped) dropCall(this.#response, call, error)
    if (!wasEnded && dropped.length > 0) this.#response.emit('drain')
  }

  /** A client that leaves in the middle of a stream must not cost what was edited: its handler may never call `end`. */
  #watch(verb: Verb): void {
    if (this.#isWatched || verb === 'writeHead' || verb === 'end') return
    this.#isWatched = true
    this.#response.once('close', () => {
      this.#isClosed = true
      this.#finishQuietly()
    })
  }

  #finishQuietly(): void {
    if (this.#stage !== 'sent') return
    this.#stage = 'through'
    finishQuietly(this.#exchange)
  }
}
