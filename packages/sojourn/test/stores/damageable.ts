import { SessionError } from '../../src/core/contracts/errors.ts'
import type { SessionId } from '../../src/core/contracts/record.ts'
import type { Store } from '../../src/core/contracts/store.ts'
import type { Found } from '../../src/stores/kit/records.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const damagedIn = new WeakMap<Store, Set<SessionId>>()

/** Memory that can be damaged, for what stands around a store. */
export function damageableStore(): Store {
  const inner = memoryStore()
  const damaged = new Set<SessionId>()
  const assertReadable = (id: SessionId): void => {
    if (damaged.has(id)) throw new SessionError('ERR_RECORD_DAMAGED', 'memory: as the test has it.')
  }
  const show = <T extends Found>(found: T): T | Found =>
    damaged.has(found.id) ? { kind: 'damaged', id: found.id } : found
  const store: Store = {
    ...inner,
    read(id) {
      assertReadable(id)
      return inner.read(id)
    },
    write(id, change) {
      assertReadable(id)
      return inner.write(id, change)
    },
    end(id, tombstone) {
      const last = inner.end(id, tombstone)
      return damaged.delete(id) ? { kind: 'damaged', id } : last
    },
    list: async (userId) => (await inner.list(userId)).map(show) as Awaited<ReturnType<Store['list']>>,
    async scan(cursor, limit) {
      const page = await inner.scan?.(cursor, limit)
      return { next: null, ...page, values: page?.values.map(show) ?? [] }
    },
    async sweep(now, limit) {
      const deleted = (await inner.sweep?.(now, limit)) ?? 0
      for (const id of damaged) if ((await inner.read(id)) === null) damaged.delete(id)
      return deleted
    },
  }
  damagedIn.set(store, damaged)
  return store
}

/** `wrap(inner)`, to be damaged where `inner` is. */
export function around<T extends Store>(inner: Store, wrap: (inner: Store) => T): T {
  const store = wrap(inner)
  damagedIn.set(store, damagedIn.get(inner) ?? new Set())
  return store
}

export function damage(store: Store, id: SessionId): void {
  damagedIn.get(store)?.add(id)
}
