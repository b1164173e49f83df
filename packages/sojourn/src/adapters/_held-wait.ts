import { freezeHead, headersSent, markEnded, unmarkEnded } from './_frozen-head.ts'
import { type Args, dropCall, type Verb } from './_held-calls.ts'
import { deferDestroy } from './_held-destroy.ts'
import { tellDrain } from './_held-drain.ts'
import type { NodeResponse } from './_node-types.ts'

/** `destroy` carries the real call: see `deferDestroy`. */
export type Call = readonly [verb: Verb, args: Args] | readonly [verb: 'destroy', destroy: () => void]

/** node's default, for responses without `writableHighWaterMark`. */
const HIGH_WATER_MARK = 16_384

/**
 * The time during which a response waits for the store: how the response looks to its handler, the calls that are queued, and
 * whether the handler has to wait for `drain`.
 */
export class HeldWait {
  readonly #response: NodeResponse
  readonly #tell: () => void
  #calls: Call[] = []
  #size = 0
  #isFull = false
  #release: (() => void) | null = null

  constructor(response: NodeResponse) {
    this.#response = response
    this.#tell = tellDrain(response)
  }

  /** From here on the response looks sent, if `freezes` is set, and cannot be destroyed before its turn. */
  begin(freezes: boolean): void {
    const thaw = freezes ? freezeHead(this.#response) : () => {}
    const undefer = deferDestroy(this.#response, (destroy) => this.destroy(destroy))
    const release = (): void => {
      undefer()
      thaw()
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

  /** Waits its turn: the calls that were just taken must leave first. */
  destroy(destroy: () => void): void {
    if (this.#release === null) setTimeout(destroy, 0)
    else this.#calls.push(['destroy', destroy])
  }

  take(): Call[] {
    this.#size = 0
    return this.#calls.splice(0)
  }

  /** Resumes a handler that waits for `drain`. `needed`: the response below emits no `drain` by itself. */
  tellWaiting(needed: boolean): void {
    const tells = needed && this.#isFull
    this.#isFull = false
    if (tells) this.#tell()
  }
}

/** Text is counted in characters, as in node. */
function sizeOf([chunk]: Args): number {
  if (typeof chunk === 'string') return chunk.length
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
