import type { SessionRecord } from '../../../src/core/contracts/record.ts'
import type { Store, StoreEvent } from '../../../src/core/contracts/store.ts'
import { type NearCache, type NearCacheOptions, nearCache } from '../../../src/stores/around/near-cache.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { hookStore } from '../../core/kit-store.ts'
import { aRecord } from '../records.ts'
import { type FakeBus, fakeBus } from './fake-bus.ts'
import { createTime, type Time } from './time.ts'

export interface World {
  readonly cache: NearCache
  readonly store: ReturnType<typeof hookStore>
  readonly bus: FakeBus
  readonly time: Time
  readonly events: StoreEvent[]
  /** A session that is stored; not through the cache. */
  readonly record: SessionRecord
  kinds(): string[]
}

/** A store that answers later and with copies, as one behind a network does. */
function late(store: Store): Store {
  return {
    ...store,
    read: async (id) => structuredClone(await store.read(id)),
    write: async (id, change) => store.write(id, change),
    end: async (id, tombstone) => store.end(id, tombstone),
  }
}

export function createWorld(options: Partial<NearCacheOptions> = {}): World {
  const time = createTime()
  const bus = fakeBus()
  const store = hookStore(late(memoryStore()))
  const cache = nearCache(store, { bus, timing: time.timing, ...options })
  const events: StoreEvent[] = []
  cache.observe?.((event) => events.push(event))
  const record = aRecord({ userId: 'ada', data: { n: '0' } })
  store.create(record)
  return { cache, store, bus, time, events, record, kinds: () => events.map(({ kind }) => kind) }
}

export async function isOpen(cache: Store, { id }: SessionRecord): Promise<boolean> {
  return (await cache.read(id))?.kind === 'live'
}
