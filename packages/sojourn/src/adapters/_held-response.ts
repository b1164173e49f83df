import type { HeaderChange } from '../core/carrier.ts'
import { NO_HEADERS } from '../core/headers.ts'
import { isPromise } from '../core/maybe.ts'
import type { MaybePromise } from '../core/store.ts'
import { reportMistake, toErrorAnswer } from './_answer.ts'
import { freezeHead, headersSent, markEnded, unmarkEnded } from './_frozen-head.ts'
import { type Args, dropCall, type Intercepted, interceptCalls, type Verb } from './_held-calls.ts'
import { deferDestroy } from './_held-destroy.ts'
import { HeldQueue } from './_held-queue.ts'
import { adoptHeaders, applyChanges, breakOff, dropHeaders, sendAnswer } from './_node-headers.ts'
import type { Next, NodeResponse } from './_node-types.ts'
import { finishQuietly, type Storing } from './_storing.ts'

/**
 * - `open`: nothing has gone out, nothing is stored;
 * - `committing`, `finishing`: the store is at work, calls queue up;
 * - `stored`: the session is stored, the headers are not out;
 * - `sent`: the headers are out; the end waits for what was edited meanwhile;
 * - `through`: nothing more to do, every call is the response's own;
 * - `failed`: an error went out instead, and what the handler still says is dropped.
 */
type Stage = 'open' | 'committing' | 'stored' | 'sent' | 'finishing' | 'through' | 'failed'

/**
 * Holds a response back until its session is stored, so that no client can act on an answer whose session is not there
 * yet. Only this one object is changed: never a prototype, nothing of the framework. When core answers at once, each
 * call goes straight through.
 */
export class HeldResponse {
  readonly #response: NodeResponse
  readonly #exchange: Storing
  readonly #next: Next | undefined
  readonly #calls: Intercepted
  readonly #queue: HeldQueue
  #stage: Stage = 'open'
  #release: (() => void) | null = null
  /** What the client has to be told with the head, whichever head it gets. */
  #owed: readonly HeaderChange[] = NO_HEADERS
  /** The handler may have edited between its `end` and this moment. */
  #isLate = false
  #isAbandoned = false
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
    this.#queue = new HeldQueue(response)
    this.#calls = interceptCalls(response, (verb, args) => this.#call(verb, args))
    if (!response.headersSent) return
    // Answered before the sessions were mounted, or while the store was late: the client can be told of no token any more.
    exchange.salvage()
    this.#stage = 'sent'
  }

  /** For a framework with a hook of its own before headers go out: from here on it commits itself. `false`: too late, they went. */
  claim(): boolean {
    const isOpen = this.#stage === 'open'
    if (isOpen) this.#stage = 'through'
    return isOpen
  }

  /**
   * After `claim`, while it waits for the store: the response looks sent, so that a second answer fails in the same place
   * as without us, and what it writes by hand is dropped. The result undoes it.
   */
  suspend(): () => void {
    this.#wait('committing')
    markEnded(this.#response)
    return () => {
      this.#letGo()
      unmarkEnded(this.#response)
      this.#stage = 'through'
      for (const call of this.#queue.take()) {
        // It waits for what the framework sends now.
        if (call[0] === 'destroy') queueMicrotask(() => this.#destroy(call[1]))
        else dropCall(this.#response, call[0], call[1], headersSent())
      }
      this.#queue.endWait(true)
    }
  }

  /**
   * After `claim`, when it has committed: the end of the response still waits for later edits. `changes` are put on when
   * the headers go out, after everybody else's hooks.
   */
  resume(changes: readonly HeaderChange[]): void {
    this.#owed = changes
    this.#isLate = true
    this.#stage = 'stored'
  }

  /** After `claim`, when the commit failed: `changes` go out with whatever the framework sends now, and nothing more is stored. */
  abandon(changes: readonly HeaderChange[]): void {
    this.resume(changes)
    this.#isAbandoned = true
  }

  #call(verb: Verb, args: Args): unknown {
    if (verb === 'end') this.#isEnded = true
    switch (this.#stage) {
      case 'open':
        return verb === 'flushHeaders' ? this.#flushHeaders() : this.#commit(verb, args)
      case 'stored':
        return this.#sendHead(verb, args)
      case 'sent':
        if (verb === 'end') return this.#finish(args)
        this.#watch(verb)
        return this.#calls.pass(verb, this.#applyAgain(verb, args))
      case 'failed':
        // The head of the error page: hooks on it lead here.
        if (verb !== 'writeHead') return dropCall(this.#response, verb, args, this.#error)
        return this.#calls.pass(verb, this.#applyAgain(verb, args))
      case 'through':
        return this.#calls.pass(verb, this.#applyAgain(verb, args))
      default:
        if (verb === 'writeHead') throw headersSent()
        return this.#enqueue(verb, args)
    }
  }

  /** As in node, whoever has a hook on `writeHead` decides about the head now, before anything is written: compression does. */
  #flushHeaders(): unknown {
    if (!this.#response.headersSent) this.#response.writeHead(this.#response.statusCode)
    return this.#stage === 'open' ? this.#commit('flushHeaders', []) : this.#call('flushHeaders', [])
  }

  #commit(verb: Verb, args: Args): unknown {
    // Nothing was written that could be flushed.
    if (verb === 'flush') return this.#calls.pass(verb, args)
    this.#watch(verb)
    const status = verb === 'writeHead' ? Number(args[0]) : this.#response.statusCode
    const changes = attempt(() => this.#exchange.commit(status))
    if (!isPromise(changes)) {
      this.#owed = changes
      return this.#sendHead(verb, args)
    }
    this.#waitFor('committing', changes, (late) => {
      this.resume(late)
    })
    return this.#enqueue(verb, args)
  }

  /** When node refuses it, another head may come, and the client has to hear of the session with that one. */
  #sendHead(verb: Verb, args: Args): unknown {
    this.#stage = verb === 'end' && !this.#isLate ? 'through' : 'sent'
    try {
      const rest = this.#apply(verb, args)
      return this.#stage === 'sent' && verb === 'end' ? this.#finish(rest) : this.#calls.pass(verb, rest)
    } catch (error) {
      if (!this.#response.headersSent) {
        this.#stage = 'stored'
        this.#isEnded = false
      }
      throw error
    }
  }

  /** What a stream edited since its headers went out is stored before its end is sent. */
  #finish(args: Args): unknown {
    const stored = this.#isAbandoned ? undefined : attempt(() => this.#exchange.finish())
    if (!isPromise(stored)) {
      this.#stage = 'through'
      return this.#calls.pass('end', args)
    }
    this.#waitFor('finishing', stored, () => {
      this.#stage = 'through'
    })
    return this.#enqueue('end', args)
  }

  #waitFor<T>(stage: 'committing' | 'finishing', work: Promise<T>, done: (value: T) => void): void {
    this.#wait(stage)
    const proceed = (value: T): void => {
      this.#letGo()
      done(value)
      this.#replay()
    }
    work.then(proceed).catch((error: unknown) => this.#fail(error))
  }

  #wait(stage: 'committing' | 'finishing'): void {
    this.#stage = stage
    const thaw = stage === 'committing' ? freezeHead(this.#response) : () => {}
    const undefer = deferDestroy(this.#response, (destroy) => this.#destroy(destroy))
    const release = (): void => {
      undefer()
      thaw()
    }
    this.#release = release
  }

  #letGo(): void {
    this.#release?.()
    this.#release = null
  }

  #enqueue(verb: Verb, args: Args): unknown {
    if (verb === 'write') return this.#queue.pushWrite(args)
    this.#queue.push(verb, args)
    if (verb === 'end') markEnded(this.#response)
    return this.#response
  }

  #destroy(destroy: () => void): void {
    // Not before what was just replayed has left.
    if (this.#release === null) setTimeout(destroy, 0)
    else this.#queue.push('destroy', destroy)
  }

  #replay(): void {
    let isFlowing = false
    for (const call of this.#queue.take()) {
      if (call[0] === 'destroy') this.#destroy(call[1])
      else {
        const [verb, args] = call
        const answer = this.#call(verb, args)
        if (verb === 'write') isFlowing = answer === true
      }
    }
    this.#queue.endWait(isFlowing && this.#stage === 'sent')
    if (this.#isClosed) this.#finishQuietly()
  }

  #apply(verb: Verb, args: Args): Args {
    if (this.#owed.length === 0 || this.#response.headersSent) return args
    const rest = verb === 'writeHead' ? adoptHeaders(this.#response, args) : args
    applyChanges(this.#response, this.#owed)
    return rest
  }

  /** A head that node makes by itself comes here as well, after hooks that may have set what core's headers replace. */
  #applyAgain(verb: Verb, args: Args): Args {
    return verb === 'writeHead' && this.#owed.some(({ how }) => how === 'replace') ? this.#apply(verb, args) : args
  }

  #fail(error: unknown): void {
    // What a failed commit has stored before, the client has to hear of with the error.
    if (this.#stage === 'committing') this.#owed = this.#exchange.salvage()
    this.#letGo()
    this.#error = error
    const dropped = this.#queue.take()
    const wasEnded = this.#isEnded
    this.#stage = 'failed'
    try {
      this.#answer(error, wasEnded)
    } catch (second) {
      reportMistake(second)
      breakOff(this.#response)
    }
    for (const call of dropped) {
      if (call[0] !== 'destroy') dropCall(this.#response, call[0], call[1], error)
      else if (!wasEnded) call[1]()
    }
    this.#queue.endWait(!wasEnded)
  }

  /** If headers are not out, nothing of the application's response is; else the client has to notice that it ends too soon. */
  #answer(error: unknown, wasEnded: boolean): void {
    const response = this.#response
    const isOut = response.headersSent
    if (!isOut) {
      dropHeaders(response)
      applyChanges(response, this.#owed)
      unmarkEnded(response)
    }
    if (!isOut && wasEnded && this.#next !== undefined) {
      this.#calls.restore()
      this.#next(error)
      return
    }
    reportMistake(error)
    if (isOut) breakOff(response)
    else sendAnswer(response, toErrorAnswer(error), (body) => this.#endWith(body))
  }

  /** HTTP/2's own `end` calls `write` for the text, which must not be dropped like what the handler still says. */
  #endWith(body: string): void {
    this.#stage = 'through'
    try {
      this.#calls.pass('end', [body])
    } finally {
      this.#stage = 'failed'
    }
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
    if (this.#stage !== 'sent' || this.#isAbandoned) return
    this.#stage = 'through'
    finishQuietly(this.#exchange)
  }
}

/** A store that fails at once fails a moment later: until the error is sent, the handler must meet a response that is taken. */
function attempt<T>(work: () => MaybePromise<T>): MaybePromise<T> {
  try {
    return work()
  } catch (error) {
    return Promise.reject(error)
  }
}
