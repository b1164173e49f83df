import { freezeByCalls } from './_frozen-head.ts'
import { type Args, type Call, dropCall, headersSent, type Verb } from './_held-calls.ts'
import type { Connection, NodeResponse } from './_node-types.ts'

/** node's default, for responses without `writableHighWaterMark`. */
const HIGH_WATER_MARK = 16_384

/**
 * The time during which a response waits for the store: how the response looks to its handler, the calls that are queued, and
 * whether the handler has to wait for `drain`.
 *
 * Every request that stores something waits. So nothing here deletes a property of the response: V8 would keep all its
 * properties in a dictionary from then on, and everything that node does with it would cost more.
 */
export class HeldWait implements ProxyHandler<Connection> {
  readonly #response: NodeResponse
  readonly #tell: () => void
  #calls: Call[] = []
  #size = 0
  #isFull = false
  #release: (() => void) | null = null

  /** `tell` calls the listeners that wait for `drain`. */
  constructor(response: NodeResponse, tell: () => void) {
    this.#response = response
    this.#tell = tell
  }

  /** From here on the response looks sent, if `freezes` is set, and cannot be destroyed before its turn. */
  begin(freezes: boolean): void {
    const thaw = freezes ? freezeHead(this.#response) : null
    const undefer = this.#deferDestroy()
    const release = (): void => {
      undefer()
      thaw?.()
    }
    this.#release = release
  }

  /** Undoes `begin`. The queued calls remain to be taken. */
  release(): void {
    this.#release?.()
    this.#release = null
  }

  /** Begins a wait whose calls are dropped at its end because something else is sent then. The returned function ends it. */
  suspend(): () => void {
    this.begin(true)
    markEnded(this.#response)
    return () => {
      this.release()
      unmarkEnded(this.#response)
      for (const call of this.take()) {
        // It waits until the replacement is sent.
        if (call[0] === 'destroy') queueMicrotask(() => this.destroy(call[1]))
        else dropCall(this.#response, call[0], call[1], headersSent())
      }
      this.tellWaiting(true)
    }
  }

  /** Returns what the response itself would return: see `#pushWrite`. */
  push(verb: Verb, args: Args): unknown {
    if (verb === 'write') return this.#pushWrite(args)
    this.#calls.push([verb, args])
    if (verb === 'end') markEnded(this.#response)
    return this.#response
  }

  /** Returns `false` from the high-water mark on, as a response does that nothing was written to. */
  #pushWrite(args: Args): boolean {
    this.#calls.push(['write', args])
    this.#size += sizeOf(args)
    const hasRoom = this.#size < (this.#response.writableHighWaterMark ?? HIGH_WATER_MARK)
    if (!hasRoom) this.#isFull = true
    return hasRoom
  }

  take(): Call[] {
    const taken = this.#calls
    this.#calls = []
    this.#size = 0
    return taken
  }

  /** Resumes a handler that waits for `drain`. `needed`: the response below emits no `drain` by itself. */
  tellWaiting(needed: boolean): void {
    const tells = needed && this.#isFull
    this.#isFull = false
    if (tells) this.#tell()
  }

  /** Waits its turn: the calls that were just taken must leave first. */
  destroy(destroy: () => void): void {
    if (this.#release === null) setTimeout(destroy, 0)
    else this.#calls.push(['destroy', destroy])
  }

  /**
   * Defers `destroy` of the response and of its connection. A caller expects that what it sent before has left, but nothing has.
   * Express makes this call on the connection if a handler fails after its answer.
   *
   * The connection itself is not changed: it may carry other responses, and a server that closes all connections must not wait
   * for a store. Meanwhile the request and the response show a wrapped view of it.
   */
  #deferDestroy(): () => void {
    const response = this.#response
    const { destroy } = response
    const deferred = (...args: unknown[]): unknown => {
      this.destroy(() => void Reflect.apply(destroy, response, args))
      return response
    }
    response.destroy = deferred
    const hides = [this.#showView(response), this.#showView(response.req)]
    return () => {
      for (const hide of hides) hide?.()
      response.destroy = destroy
    }
  }

  /** node:http keeps the connection in a field. HTTP/2 returns a proxy of it whose own `destroy` may throw. */
  #showView(owner: Owner | undefined): (() => void) | null {
    const socket = owner !== undefined && Object.hasOwn(owner, 'socket') ? owner.socket : null
    if (owner === undefined || socket === null || socket === undefined) return null
    const view = new Proxy(socket, this)
    owner.socket = view
    return () => {
      // node gives a response its connection when its turn comes, possibly in the meantime.
      if (owner.socket === view) owner.socket = socket
    }
  }

  /** What a view of the connection shows. */
  get(socket: Connection, name: string | symbol, view: unknown): unknown {
    const value: unknown = Reflect.get(socket, name)
    if ((name !== 'destroy' && name !== 'destroySoon') || typeof value !== 'function') return value
    return (...args: unknown[]) => {
      this.destroy(() => void Reflect.apply(value, socket, args))
      return view
    }
  }
}

type Owner = { socket?: Connection | null | undefined }

/** Text is counted in characters, as in node. */
function sizeOf([chunk]: Args): number {
  if (typeof chunk === 'string') return chunk.length
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}

/**
 * Makes a response that is held back look to its handler as if its headers were sent. A second answer must fail in the same place
 * as in node, and must not leak its headers into the first. The returned function undoes this.
 */
function freezeHead(response: NodeResponse): () => void {
  const { statusCode } = response
  const message = Object.getOwnPropertyDescriptor(response, 'statusMessage')
  const thaw = Object.hasOwn(response, '_header') ? freezeByField(response) : freezeByCalls(response)
  return () => {
    thaw()
    response.statusCode = statusCode
    // HTTP/2 has no status message, and warns if one is set.
    if (message !== undefined) Object.defineProperty(response, 'statusMessage', message)
    else Reflect.deleteProperty(response, 'statusMessage')
  }
}

/**
 * node:http keeps the finished head in `_header`, and `headersSent` and the refusals depend on that field only. Setting it costs
 * nothing. Redefining the methods that depend on it costs 20 µs a response.
 */
function freezeByField(response: NodeResponse): () => void {
  Reflect.set(response, '_header', 'held back')
  return () => Reflect.set(response, '_header', null)
}

/** Two copies of the package share this symbol. */
const ENDED = Symbol.for('sojourn.ended')

type Marked = { [ENDED]?: boolean }

/** One getter for all responses, because V8 makes a hidden class for each other one. */
const WRITABLE_ENDED = {
  configurable: true,
  get(this: Marked): boolean {
    return this[ENDED] === true || Reflect.get(Reflect.getPrototypeOf(this) ?? {}, 'writableEnded', this) === true
  },
}

/** The handler has called `end`, but the call is still queued: code that checks must not end the response again. */
function markEnded(response: NodeResponse): void {
  const marked = response as Marked
  if (marked[ENDED] === undefined) Object.defineProperty(response, 'writableEnded', WRITABLE_ENDED)
  marked[ENDED] = true
}

export function unmarkEnded(response: NodeResponse): void {
  const marked = response as Marked
  if (marked[ENDED] !== undefined) marked[ENDED] = false
}
