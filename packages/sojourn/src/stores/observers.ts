import type { Store, StoreEvent } from '../core/contracts/store.ts'

/** Listeners of a store's wrapper, and through it of the store. */
export interface Observers {
  observe(listener: (event: StoreEvent) => void): () => void
  tell(event: StoreEvent): void
}

export function createObservers(inner: Store): Observers {
  const listeners = new Set<(event: StoreEvent) => void>()
  return {
    observe(listener) {
      listeners.add(listener)
      const stop = inner.observe?.(listener)
      return () => {
        listeners.delete(listener)
        stop?.()
      }
    },
    tell(event) {
      for (const listener of listeners) listener(event)
    },
  }
}
