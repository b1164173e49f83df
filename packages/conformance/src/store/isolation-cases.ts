import type { Store } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import { type StoreCase, withStore } from './context.ts'
import { aHead, aRecord, aTombstone, create } from './records.ts'

/** Changes everything that can be changed, deeply. A frozen object is as good as a copy. */
function deface(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    deface(Reflect.get(value, key))
    Reflect.set(value, key, 'defaced')
  }
  Reflect.set(value, 'defaced', 'defaced')
  if (Array.isArray(value) && !Object.isFrozen(value)) value.push('defaced')
}

async function createFull(store: Store): ReturnType<typeof create> {
  return create(store, { userId: 'ada', head: aHead(), data: { cart: '["a"]' } })
}

export const isolationCases: readonly StoreCase[] = [
  {
    name: 'changing an object that a store returned does not change the store',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const given = await createFull(store)
        const record = structuredClone(given)
        deface(await store.read(record.id))
        assertEqual(await store.read(record.id), record, 'after defacing what read returned')
        for (const listed of await store.list('ada')) deface(listed)
        assertEqual(await store.list('ada'), [record], 'after defacing what list returned')
        const conflict = await store.write(record.id, { version: 99, nextVersion: 103, head: aHead() })
        assert(conflict.status === 'conflict', 'a stale head conflicts')
        deface(conflict.record)
        assertEqual(await store.read(record.id), record, 'after defacing the record of a conflict')
        const tombstone = aTombstone(record)
        deface(await store.end(record.id, { ...tombstone }))
        deface(await store.read(record.id))
        assertEqual(await store.read(record.id), tombstone, 'after defacing the tombstone')
      }),
  },
  {
    name: 'changing an object that was passed to a store does not change the store',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const given = aRecord({ userId: 'ada', head: aHead(), data: { cart: '["a"]' } })
        const record = structuredClone(given)
        await store.create(given)
        deface(given)
        assertEqual(await store.read(record.id), record, 'after defacing what create was given')
        const change = { version: 0, nextVersion: 3, head: aHead(), set: { theme: '"dark"' } }
        const { head, set } = structuredClone(change)
        await store.write(record.id, change)
        deface(change)
        const next = { ...record, version: 3, head, data: { ...record.data, ...set } }
        assertEqual(await store.read(record.id), next, 'after defacing what write was given')
        const tombstone = aTombstone(record)
        const given2 = { ...tombstone }
        await store.end(record.id, given2)
        deface(given2)
        assertEqual(await store.read(record.id), tombstone, 'after defacing what end was given')
      }),
  },
  {
    name: 'a record that was read earlier does not change with later writes',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await createFull(store)
        const before = await store.read(record.id)
        await store.write(record.id, { set: { cart: '[]' }, version: 0, nextVersion: 3, head: aHead() })
        assertEqual(before, record, 'the record read before the write')
      }),
  },
]
