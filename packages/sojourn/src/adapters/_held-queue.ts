import type { Args, Verb } from './_held-calls.ts'
import { tellDrain } from './_held-drain.ts'
import type { NodeResponse } from './_node-types.ts'

/** `destroy` carries the real call: see `deferDestroy`. */
type Call = readonly [verb: Verb, args: Args] | readonly [verb: 'destroy', destroy: () => void]

/** node's own, where a response does not tell. */
const HIGH_WATER_MARK = 16_384

/** The calls that wait for the store, and who was told to wait meanwhile. */
export class HeldQueue {
  readonly #response: NodeResponse
  readonly #tell: () => void
  #calls: Call[] = []
  #size = 0
  #isFull = false

  constructor(response: NodeResponse) {
    this.#response = response
    this.#tell = tellDrain(response)
  }

  push(...call: Call): void {
    this.#calls.push(call)
  }

  /** Answers as a response does that nobody has written to yet: `false` from its high-water mark on. */
  pushWrite(args: Args): boolean {
    this.push('write', args)
    this.#size += sizeOf(args)
    const hasRoom = this.#size < (this.#response.writableHighWaterMark ?? HIGH_WATER_MARK)
    if (!hasRoom) this.#isFull = true
    return hasRoom
  }

  take(): Call[] {
    this.#size = 0
    return this.#calls.splice(0)
  }

  /** Whoever was told to wait goes on. `needed`: nothing below says so by itself. */
  endWait(needed: boolean): void {
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
