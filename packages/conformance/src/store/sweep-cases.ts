import type { Store } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import { PRIVATE, type StoreCase, TWO_CLOCKS, withStore } from './context.ts'
import { aTombstone, atOnce, create, DAY, MINUTE, SECOND } from './records.ts'

async function sweep(store: Store, now: number, limit: number): Promise<number> {
  assert(store.sweep !== undefined, 'the context says that this store sweeps')
  return store.sweep(now, limit)
}

const needs = ['sweeps'] as const

export const sweepCases: readonly StoreCase[] = [
  {
    name: 'a sweep deletes expired records to the millisecond, and no live ones',
    guarantee: PRIVATE,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const due = await create(store, { userId: 'ada' })
        const later = await create(store, { userId: 'ada', expiresAt: due.expiresAt + 1 })
        assertEqual(await sweep(store, due.expiresAt - 1, 100), 0, 'swept a millisecond early')
        assertEqual(await store.read(due.id), due, 'read before it is due')
        assertEqual(await sweep(store, due.expiresAt, 100), 1, 'swept when it is due')
        assertEqual(await store.read(due.id), null, 'read of the swept')
        assertEqual(await store.list('ada'), [later], 'list')
        assertEqual(await sweep(store, due.expiresAt, 100), 0, 'swept again')
      }),
  },
  {
    name: 'a sweep deletes no more than its limit, and the next one continues',
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const base = Date.now() + 30 * MINUTE
        await atOnce(7, (index) => create(store, { userId: 'ada', expiresAt: base + index }))
        const live = await create(store, { userId: 'ada', expiresAt: base + DAY })
        assertEqual(await sweep(store, base + MINUTE, 0), 0, 'swept with limit 0')
        assertEqual(await sweep(store, base + MINUTE, 3), 3, 'first sweep')
        assertEqual((await store.list('ada')).length, 5, 'left in the list')
        assertEqual(await sweep(store, base + MINUTE, 3), 3, 'second sweep')
        assertEqual(await sweep(store, base + MINUTE, 3), 1, 'third sweep')
        assertEqual(await sweep(store, base + MINUTE, 3), 0, 'fourth sweep')
        assertEqual(await store.list('ada'), [live], 'list')
      }),
  },
  {
    name: 'a sweep of an empty store deletes nothing',
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => assertEqual(await sweep(store, Date.now() + 400 * DAY, 100), 0, 'swept')),
  },
  {
    name: 'a tombstone is kept until its own time, then swept',
    guarantee: PRIVATE,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada' })
        // Between the relevant times, so that an index by expiry without the tombstone's own time is detected.
        for (const minutes of [2, 3, -3]) await create(store, { expiresAt: record.expiresAt + minutes * MINUTE })
        const tombstone = { ...aTombstone(record), expiresAt: record.expiresAt + 4 * MINUTE }
        await store.end(record.id, tombstone)
        assertEqual(await sweep(store, record.expiresAt - 3 * MINUTE, 100), 1, 'swept before')
        assertEqual(await sweep(store, record.expiresAt, 100), 0, "swept at the record's time")
        assertEqual(await store.read(record.id), tombstone, 'read')
        assertEqual(await sweep(store, tombstone.expiresAt - 1, 100), 2, 'swept in between')
        assertEqual(await store.read(record.id), tombstone, 'read a millisecond early')
        assertEqual(await sweep(store, tombstone.expiresAt, 100), 1, "swept at the tombstone's time")
        assertEqual(await store.read(record.id), null, 'read of the swept')
        const short = await create(store)
        await create(store, { expiresAt: short.expiresAt - 10 })
        await store.end(short.id, { ...aTombstone(short), expiresAt: short.expiresAt - MINUTE })
        assertEqual(
          await sweep(store, short.expiresAt - MINUTE, 100),
          1,
          'swept a tombstone that was to stay less long',
        )
      }),
  },
  {
    name: 'a touched session outlives its first expiry, and expires at the new one',
    guarantee: TWO_CLOCKS,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        const due = await create(store)
        const seen = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
        await store.write(record.id, { version: 0, seen })
        const limit = record.expiresAt + SECOND
        assertEqual(await sweep(store, limit, 1), 1, 'swept with limit 1, of two that began alike')
        assertEqual(await store.read(due.id), null, 'read of the one not touched')
        assertEqual(await sweep(store, limit, 100), 0, 'swept again')
        assert((await store.read(record.id)) !== null, 'the touched one lives')
        assertEqual(await sweep(store, seen.expiresAt, 100), 1, 'swept at the new expiry')
        assertEqual(await store.read(record.id), null, 'read of the swept')
      }),
  },
  {
    name: 'a session whose expiry was shortened expires at the shorter one',
    guarantee: TWO_CLOCKS,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada', expiresAt: Date.now() + 30 * DAY })
        const seen = { at: record.lastSeenAt + SECOND, expiresAt: record.createdAt + 30 * MINUTE }
        await store.write(record.id, { version: 0, seen })
        assertEqual(await sweep(store, seen.expiresAt - 1, 100), 0, 'swept a millisecond early')
        assertEqual(await sweep(store, seen.expiresAt, 100), 1, 'swept at the shorter expiry')
        assertEqual(await store.read(record.id), null, 'read')
        assertEqual(await store.list('ada'), [], 'list')
        assertEqual(await sweep(store, record.expiresAt, 100), 0, 'swept at the longer one')
      }),
  },
  {
    name: 'sessions of 30 and of 400 days are swept on their day and not before',
    guarantee: TWO_CLOCKS,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const now = Date.now()
        const month = await create(store, { expiresAt: now + 30 * DAY })
        const year = await create(store, { expiresAt: now + 400 * DAY })
        assertEqual(await sweep(store, now + 29 * DAY, 100), 0, 'swept after 29 days')
        assertEqual(await store.read(month.id), month, '30 days, read after 29')
        assertEqual(await sweep(store, now + 31 * DAY, 100), 1, 'swept after 31 days')
        assertEqual(await store.read(year.id), year, '400 days, read after 31')
        assertEqual(await sweep(store, now + 399 * DAY, 100), 0, 'swept after 399 days')
        assertEqual(await sweep(store, now + 400 * DAY, 100), 1, 'swept after 400 days')
      }),
  },
  {
    name: 'sweeping while sessions start, are touched and end deletes no live session',
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const base = Date.now() + 30 * MINUTE
        const old = await atOnce(40, () => create(store, { userId: 'ada', expiresAt: base }))
        const fresh = await atOnce(40, async (index) => {
          if (index % 4 === 0) await sweep(store, base, 5)
          const touched = old[index]
          const seen = { at: base, expiresAt: base + DAY }
          if (index % 2 === 0 && touched !== undefined) await store.write(touched.id, { version: 0, seen })
          const record = await create(store, { userId: 'ada', expiresAt: base + DAY })
          if (index % 3 === 0) await store.end(record.id, aTombstone(record))
          return index % 3 === 0 ? null : record.id
        })
        while ((await sweep(store, base, 100)) > 0);
        const listed = new Set(
          (await store.list('ada')).map((found) =>
            found.kind === 'live' && found.expiresAt > base ? found.id : 'due',
          ),
        )
        assert(!listed.has('due'), 'nothing due is left')
        for (const id of fresh) assert(id === null || listed.has(id), 'every new session is in the list')
        for (const { id } of old) {
          const found = await store.read(id)
          assert(found === null || found.expiresAt === base + DAY, 'of the old ones only those touched are left')
          assert((found !== null) === listed.has(id), 'the list and the records agree')
        }
      }),
  },
]
