import type { SessionId } from '../../../core/contracts/record.ts'
import type { MaybePromise } from '../../../core/contracts/store.ts'
import type { Timing } from '../wrapper.ts'
import type { Touch, Touches } from './touches.ts'

/** Writes touches in the background when they are due. */
export interface Flusher {
  /** Announces a touch that is due at this time. */
  wake(dueAt: number): void
  /** Writes the selected touches, due or not. Never rejects. */
  flush(isWanted: (touch: Touch) => boolean): Promise<void>
  /** Writes all touches, for the last time. */
  stop(): Promise<void>
}

export interface FlusherOptions {
  readonly touches: Touches
  readonly timing: Timing
  readonly write: (id: SessionId, touch: Touch) => MaybePromise<unknown>
  /** Called when a round could not write all touches and the one before could. */
  readonly failed: (error: unknown) => void
}

/** Parallel writes: enough to fill a connection, few enough to leave room for requests. */
const AT_ONCE = 32
/** The pause between rounds, so that each round writes many touches. */
const PAUSE_MS = 1000
const PAUSE_AFTER_FAILURE_MS = 5000

export function createFlusher({ touches, timing, write, failed }: FlusherOptions): Flusher {
  let cancel: (() => void) | null = null
  let wakesAt = Number.POSITIVE_INFINITY
  let isStopped = false
  let isFailing = false

  function wake(dueAt: number): void {
    if (isStopped || dueAt >= wakesAt) return
    cancel?.()
    const now = timing.uptime()
    wakesAt = Math.max(dueAt, now + PAUSE_MS)
    // Background: a waiting touch does not keep the process alive.
    cancel = timing.after(wakesAt - now, () => void round(isDue), 'background')
  }

  function isDue({ dueAt }: Touch): boolean {
    return dueAt <= timing.uptime() + PAUSE_MS
  }

  async function round(isWanted: (touch: Touch) => boolean): Promise<void> {
    cancel?.()
    cancel = null
    wakesAt = Number.POSITIVE_INFINITY
    const due: SessionId[] = []
    let next = Number.POSITIVE_INFINITY
    for (const [id, touch] of touches) {
      if (isWanted(touch)) due.push(id)
      else next = Math.min(next, touch.dueAt)
    }
    const isDone = await writeAll(due)
    wake(isDone ? next : timing.uptime() + PAUSE_AFTER_FAILURE_MS)
  }

  /**
   * While a touch is being written, it is not due any more but still visible. A touch that arrives meanwhile waits its own time.
   */
  async function writeOne(id: SessionId): Promise<void> {
    const touch = touches.get(id)
    // It was written with another change meanwhile, or its session has ended.
    if (touch === undefined) return
    const underWay = { ...touch, dueAt: Number.POSITIVE_INFINITY }
    touches.set(id, underWay)
    try {
      await write(id, underWay)
      if (touches.get(id) === underWay) touches.delete(id)
    } catch (error) {
      if (touches.get(id) === underWay) {
        // Moved to the end of the queue, so that a touch that can never be written does not block the others.
        touches.delete(id)
        touches.set(id, { ...touch, dueAt: timing.uptime() })
      }
      throw error
    }
  }

  /** Returns whether all touches were written. Stops after a failure: a store that is down is not called for each touch. */
  async function writeAll(due: readonly SessionId[]): Promise<boolean> {
    const rest = due.values()
    let failure: { readonly error: unknown } | null = null
    async function work(): Promise<void> {
      for (const id of rest) {
        if (failure !== null) return
        try {
          await writeOne(id)
        } catch (error) {
          failure ??= { error }
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, work))
    if (failure !== null && !isFailing) failed((failure as { readonly error: unknown }).error)
    isFailing = failure !== null
    return !isFailing
  }

  return {
    wake,
    flush: round,
    async stop() {
      isStopped = true
      await round(() => true)
    },
  }
}
