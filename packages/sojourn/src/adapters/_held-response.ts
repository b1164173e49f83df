import type { HeaderChange } from '../core/contracts/carrier.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { isPromise } from '../core/lib/maybe.ts'
import { NO_HEADERS } from '../core/request/caching.ts'
import { type Args, headersSent, type Intercepted, type Verb } from './_held-calls.ts'
import { keepListeners } from './_held-drain.ts'
import { HeldFailure } from './_held-failure.ts'
import { HeldWait } from './_held-wait.ts'
import { putOn, putOnAgain } from './_node-headers.ts'
import type { Next, NodeResponse } from './_node-types.ts'
import { finishQuietly, type Storing } from './_storing.ts'

/**
 * - `open`: nothing has been sent or stored;
 * - `committing`, `finishing`: the store is working, and calls are queued;
 * - `stored`: the session is stored, the headers are not sent;
 * - `sent`: the headers are sent; the end waits for later edits to be stored;
 * - `through`: nothing is left to do, and every call goes to the response itself;
 * - `failed`: an error was sent instead, and what the handler still writes is dropped.
 */
type Stage = 'open' | 'committing' | 'stored' | 'sent' | 'finishing' | 'through' | 'failed'

/**
 * Holds a response back until its session is stored, so that no client can act on an answer before its session exists. Only this
 * object is changed: no prototype, and nothing of the framework. If core answers synchronously, each call passes straight
 * through.
 */
export class HeldResponse {
  readonly #response: NodeResponse
  readonly #exchange: Storing
  readonly #next: Next | undefined
  readonly #calls: Intercepted
  /** Calls the listeners that wait for `drain`. `null`: an event does. */
  readonly #tellDrain: (() => void) | null
  /** `null` until something has to wait. Most requests only read, so most responses never wait. */
  #wait: HeldWait | null = null
  #stage: Stage = 'open'
  /** Headers that the client must receive, whichever head is sent. */
  #owed: readonly HeaderChange[] = NO_HEADERS
  #isAbandoned = false
  #isEnded = false
  #isWatched = false
  #isClosed = false
  #failure: HeldFailure | null = null

  /**
   * `next` receives the error if the handler had ended its response, so that the application's error page can replace it. Without
   * `next`, and in the middle of a stream, the response becomes a plain text error.
   */
  constructor(response: NodeResponse, exchange: Storing, next?: Next) {
    this.#response = response
    this.#exchange = exchange
    this.#next = next
    this.#tellDrain = leadsElsewhere(response) ? keepListeners(response) : null
    this.#calls = new OwnCalls(response, (verb, args) => this.#call(verb, args))
    if (!response.headersSent) return
    // Something answered before the sessions were mounted, or while the store was late. The client can no longer receive a token.
    exchange.salvage()
    if (response.writableEnded) exchange.finish(true)
    this.#stage = 'sent'
  }

  /**
   * For a framework with its own hook before headers are sent: from here on it commits by itself. Returns `false` if the headers
   * are already sent.
   */
  claim(): boolean {
    const isOpen = this.#stage === 'open'
    if (isOpen) this.#stage = 'through'
    return isOpen
  }

  /**
   * After `claim`, while the framework waits for the store: the response looks sent, so that a second answer fails in the same
   * place as without us, and direct writes are dropped. The returned function undoes this.
   */
  suspend(): () => void {
    this.#stage = 'committing'
    const release = this.#waiting().suspend()
    return () => {
      this.#stage = 'through'
      release()
    }
  }

  /**
   * After `claim`, when the commit succeeded: the end of the response still waits for later edits. `changes` are set when the
   * headers are sent, after all other hooks.
   */
  resume(changes: readonly HeaderChange[]): void {
    this.#owed = changes
    this.#stage = 'stored'
  }

  /** After `claim`, when the commit failed: `changes` are set on whatever the framework sends now, and nothing more is stored. */
  abandon(changes: readonly HeaderChange[]): void {
    this.resume(changes)
    this.#isAbandoned = true
  }

  /**
   * For a framework whose middleware waits for the store before the framework answers. What reaches the response meanwhile, such as
   * the page of a time limit, is queued and sent with the session's headers. Rejects if the session could not be stored: whatever
   * the framework sends then carries only the headers that the client must receive anyway.
   */
  store(status: number): MaybePromise<void> {
    if (this.#stage !== 'open') return
    const stored = attempt(() => this.#exchange.commit(status))
    if (!isPromise(stored)) return this.resume(stored)
    const wait = this.#waiting()
    this.#stage = 'committing'
    // The head is not frozen, because the framework has not answered yet.
    wait.begin(false)
    const goOn = (proceed: () => void): void => {
      wait.release()
      proceed()
      this.#replay(wait)
    }
    return stored.then(
      (late) => goOn(() => this.resume(late)),
      (error: unknown) => {
        goOn(() => this.abandon(this.#exchange.salvage()))
        throw error
      },
    )
  }

  #call(verb: Verb, args: Args): unknown {
    if (verb === 'end') this.#isEnded = true
    switch (this.#stage) {
      case 'open':
        return verb === 'flushHeaders' ? this.#flushHeaders() : this.#commit(verb, args)
      case 'stored':
        this.#watch(verb)
        return this.#sendHead(verb, args)
      case 'sent':
        if (verb === 'end') return this.#finish(args)
        this.#watch(verb)
        return this.#passOn(verb, args)
      case 'failed':
        return this.#failure?.call(verb, args)
      case 'through':
        return this.#passOn(verb, args)
      default:
        if (verb === 'writeHead') throw headersSent()
        return this.#waiting().push(verb, args)
    }
  }

  /** As in node, hooks on `writeHead` decide about the head before anything is written. Compression relies on this. */
  #flushHeaders(): unknown {
    if (!this.#response.headersSent) this.#response.writeHead(this.#response.statusCode)
    return this.#stage === 'open' ? this.#commit('flushHeaders', []) : this.#call('flushHeaders', [])
  }

  #commit(verb: Verb, args: Args): unknown {
    // Nothing has been written that could be flushed.
    if (verb === 'flush') return this.#calls.pass(verb, args)
    this.#watch(verb)
    const status = verb === 'writeHead' ? Number(args[0]) : this.#response.statusCode
    const changes = attempt(() => this.#exchange.commit(status))
    if (!isPromise(changes)) {
      this.#owed = changes
      return this.#sendHead(verb, args)
    }
    return this.#waitFor('committing', changes, (late) => this.resume(late), [verb, args])
  }

  /** If node refuses the head, another one may follow, and the client must receive the session's headers with that one. */
  #sendHead(verb: Verb, args: Args): unknown {
    // After a late commit there may be edits from between the handler's `end` and this moment.
    const isWhole = verb === 'end' && this.#stage === 'open'
    this.#stage = isWhole ? 'through' : 'sent'
    try {
      const rest = putOn(this.#response, this.#owed, verb, args)
      if (verb === 'end' && !isWhole) return this.#finish(rest)
      // Before the head is sent, so that edits by hooks on it are reported.
      if (isWhole) this.#exchange.finish(true)
      return this.#calls.pass(verb, rest)
    } catch (error) {
      if (!this.#response.headersSent) {
        this.#stage = 'stored'
        this.#isEnded = false
      }
      throw error
    }
  }

  /** Stores the edits that a stream made after its headers were sent, before its end is sent. */
  #finish(args: Args): unknown {
    const stored = this.#isAbandoned ? undefined : attempt(() => this.#exchange.finish())
    if (!isPromise(stored)) {
      this.#stage = 'through'
      return this.#calls.pass('end', args)
    }
    const goOn = (): void => {
      this.#stage = 'through'
    }
    return this.#waitFor('finishing', stored, goOn, ['end', args])
  }

  #waiting(): HeldWait {
    const response = this.#response
    this.#wait ??= new HeldWait(response, this.#tellDrain ?? (() => void response.emit('drain')))
    return this.#wait
  }

  /** Queues this call and all later ones until the work is done. */
  #waitFor<T>(
    stage: 'committing' | 'finishing',
    work: Promise<T>,
    done: (value: T) => void,
    [verb, args]: readonly [Verb, Args],
  ): unknown {
    const wait = this.#waiting()
    this.#stage = stage
    wait.begin(stage === 'committing')
    const proceed = (value: T): void => {
      wait.release()
      done(value)
      this.#replay(wait)
    }
    work.then(proceed).catch((error: unknown) => this.#fail(error, wait))
    return wait.push(verb, args)
  }

  #replay(wait: HeldWait): void {
    let isFlowing = false
    for (const call of wait.take()) {
      if (call[0] === 'destroy') wait.destroy(call[1])
      else {
        const [verb, args] = call
        const answer = this.#call(verb, args)
        if (verb === 'write') isFlowing = answer === true
      }
    }
    wait.tellWaiting(isFlowing && this.#stage === 'sent')
    if (this.#isClosed) this.#finishQuietly()
  }

  #passOn(verb: Verb, args: Args): unknown {
    return this.#calls.pass(verb, putOnAgain(this.#response, this.#owed, verb, args))
  }

  #fail(error: unknown, wait: HeldWait): void {
    if (this.#stage === 'committing') this.#owed = this.#exchange.salvage()
    wait.release()
    const dropped = wait.take()
    const wasEnded = this.#isEnded
    this.#stage = 'failed'
    this.#failure = new HeldFailure(this.#response, this.#calls, error, this.#owed)
    this.#failure.answer(wasEnded ? this.#next : undefined)
    this.#failure.drop(dropped, wasEnded)
    wait.tellWaiting(!wasEnded)
  }

  /** If a client leaves in the middle of a stream, the handler may never call `end`. Its edits must be stored anyway. */
  #watch(verb: Verb): void {
    if (this.#isWatched || verb === 'writeHead' || verb === 'end') return
    this.#isWatched = true
    const leave = (): void => {
      this.#isClosed = true
      this.#finishQuietly()
    }
    this.#response.once('close', leave)
    // HTTP/2 emits no `close` as long as the handler holds back the request's body.
    this.#response.stream?.once('aborted', leave)
  }

  #finishQuietly(): void {
    if (this.#stage !== 'sent' || this.#isAbandoned) return
    this.#stage = 'through'
    finishQuietly(this.#exchange)
  }
}

const LISTENING: readonly string[] = ['on', 'addListener', 'prependListener', 'once', 'prependOnceListener']

/** Whether middleware redirects listeners of this response to a stream of its own, as compression does. */
function leadsElsewhere(response: NodeResponse): boolean {
  return LISTENING.some((name) => Object.hasOwn(response, name))
}

/** The calls of a response as they were before they were redirected to `call`. */
class OwnCalls implements Intercepted {
  readonly #response: NodeResponse
  readonly #own: Pick<NodeResponse, Verb | 'on' | 'once'>

  constructor(response: NodeResponse, call: (verb: Verb, args: Args) => unknown) {
    const { writeHead, write, end, flush, flushHeaders, on, once } = response
    this.#response = response
    this.#own = { writeHead, write, end, flush, flushHeaders, on, once } as Pick<NodeResponse, Verb | 'on' | 'once'>
    const held = {
      writeHead: (...args: Args) => call('writeHead', args),
      write: (...args: Args) => call('write', args) as boolean,
      end: (...args: Args) => call('end', args),
      flushHeaders: () => void call('flushHeaders', []),
    }
    Object.assign(response, held)
    const heldFlush = (...args: Args): unknown => call('flush', args)
    if (flush !== undefined) response.flush = heldFlush
  }

  pass(verb: Verb, args: Args): unknown {
    const own = this.#own[verb]
    return own !== undefined && Reflect.apply(own, this.#response, args)
  }

  restore(): void {
    const { write, end, flushHeaders, on, once } = this.#own
    Object.assign(this.#response, { write, end, flushHeaders, on, once })
  }
}

/** Defers a synchronous failure of the store: until the error is sent, the handler must see a response that is taken. */
function attempt<T>(work: () => MaybePromise<T>): MaybePromise<T> {
  try {
    return work()
  } catch (error) {
    return Promise.reject(error)
  }
}
