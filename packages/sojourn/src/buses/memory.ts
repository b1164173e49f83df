import type { SessionId } from '../core/contracts/record.ts'
import type { Bus, BusListener } from '../stores/around/near-cache/bus.ts'

export type { Bus, BusListener } from '../stores/around/near-cache/bus.ts'

/** A bus within one process: give the same bus to every near cache. It delivers immediately and cannot fail. */
export function memoryBus(): Bus {
  const listeners = new Set<BusListener>()
  return {
    name: 'memory',
    publish(ids: readonly SessionId[]) {
      for (const listener of listeners) listener.changed(ids)
    },
    probe() {},
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
