import { freezeHead, headersSent, markEnded, unmarkEnded } from './_frozen-head.ts'
import { type Args, dropCall, type Verb } from './_held-calls.ts'
import { deferDestroy } from './_held-destroy.ts'
import { tellDrain } from './_held-drain.ts'
import type { NodeResponse } from './_node-types.ts'

/** `destroy` carries the real call: see `deferDestroy`. */
export type Call = readonly [verb: Verb, args: Args] | readonly [verb: 'destroy', destroy: () => void]

/** node's own, where a response does not tell. */
const HIGH_WATER_MARK = 16_384

/**
 * The time in which a response waits for the store: how the response looks to its handler, the calls that queue up, and who
 * was told to wait.
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

  /** From here on the response looks sent, if `freezes`, and is not destroyed before its turn. */
  begin(freezes: boolean): void {
    const thaw = freezes ? freezeHead(this.#response) : () => {}
    const undefer = deferDestroy(this.#response, (destroy) => this.destroy(destroy))
    const release = (): void => {
      undefer()
      thaw()
    }
    this.#release = release
  }

  /** The response is itself again. Its calls are still to be taken. */
  release(): void {
    this.#release?.()
    this.#release = null
  }

  /** Begins a wait whose calls are dropped at its end, because something else is sent then. The result ends it. */
  suspend(): () => void {
    this.begin(true)
    markEnded(this.#response)
    return () => {
      this.release()
      unmarkEnded(this.#response)
      for (const call of this.take()) {
        // It waits for what is sent now.
        if (call[0] === 'destroy') queueMicrotask(() => this.destroy(call[1]))
        else dropCall(this.#response, call[0], call[1], headersSent())
      }
      this.tellWaiting(true)
    }
  }

  /** Answers as the response itself would: see `#pushWrite`. */
  push(verb: Verb, args: Args): unknown {
    if (verb === 'write') return this.#pushWrite(args)
    this.#calls.push([verb, args])
    if (verb === 'end') markEnded(this.#response)
    return this.#response
  }

  /** `false` from the high-water mark on, as a response answers that nobody has written to yet. */
  #pushWrite(args: Args): boolean {
    this.#calls.push(['write', args])
    this.#size += sizeOf(args)
    const hasRoom = this.#size < (this.#response.writableHighWaterMark ?? HIGH_WATER_MARK)
    if (!hasRoom) this.#isFull = true
    return hasRoom
  }

  /** In its turn: not before what was just taken has left. */
  destroy(destroy: () => void): void {
    if (this.#release === null) setTimeout(destroy, 0)
    else this.#calls.push(['destroy', destroy])
  }

  take(): Call[] {
    this.#size = 0
    return this.#calls.splice(0)
  }

  /** Whoever was told to wait goes on. `needed`: nothing below says so by itself. */
  tellWaiting(needed: boolean): void {
    const tells = needed && this.#isFull
    this.#isFull = false
    if (tells) this.#tell()
  }
}

/** Text is counted in characters, as node does. */
function sizeOf([chunk]: Args): number {
  if (typeof chunk === 'string') return chunk.length
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
