import type { StoreEvent } from '../../core/contracts/store.ts'
import { attempt } from '../../core/lib/maybe.ts'

export type Observer = (event: StoreEvent) => void

/**
 * A listener of `observe` that never throws: a store tells it in the middle of a call or in a timer, so an error would fail the call,
 * leave it without an end, or end the process. Each has an identity of its own, so that a function that was passed twice is stopped once.
 */
export function toObserver(listener: Observer): Observer {
  return (event) =>
    attempt(
      () => listener(event),
      (error) => console.error(`sojourn: a listener of observe failed on '${event.kind}' of ${event.name}.`, error),
    )
}
