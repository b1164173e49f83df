import type { SessionId } from '../../../src/core/contracts/record.ts'
import type { MaybePromise } from '../../../src/core/contracts/store.ts'
import type { Bus, BusListener } from '../../../src/stores/around/near-cache/bus.ts'

/** A bus that does what the test says, and nothing by itself. */
export interface FakeBus extends Bus {
  readonly published: SessionId[]
  /** How often proof was asked for. */
  readonly probes: () => number
  readonly listeners: Set<BusListener>
  /** Another node's message arrives. */
  deliver(...ids: SessionId[]): void
  lose(): void
  /** The answer of `probe` from now on. Default: yes, at once. */
  answerProbe: () => MaybePromise<void>
  answerPublish: () => MaybePromise<void>
}

export function fakeBus(): FakeBus {
  let probes = 0
  const bus: FakeBus = {
    name: 'fake',
    published: [],
    probes: () => probes,
    listeners: new Set(),
    answerProbe: () => undefined,
    answerPublish: () => undefined,
    deliver(...ids) {
      for (const listener of bus.listeners) listener.changed(ids)
    },
    lose() {
      for (const listener of bus.listeners) listener.lost(new Error('connection reset'))
    },
    publish(ids) {
      bus.published.push(...ids)
      return bus.answerPublish()
    },
    probe() {
      probes++
      return bus.answerProbe()
    },
    subscribe(listener) {
      bus.listeners.add(listener)
      return () => void bus.listeners.delete(listener)
    },
  }
  return bus
}
