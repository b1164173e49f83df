import { assertEqual } from '../assert.ts'
import { ENDED, NO_LOST_UPDATE, type StoreCase, withStore, withTwo } from './context.ts'
import { aHead, anId, aRecord, aTombstone, atOnce, create, listIds, MINUTE, readLive, toData } from './records.ts'

export const sharedCases: readonly StoreCase[] = [
  {
    name: 'a write that one handle acknowledged is read through the other at once',
    guarantee: ENDED,
    needs: ['second'],
    run: (ctx) =>
      withTwo(ctx, async (one, two) => {
        for (let round = 0; round < 20; round++) {
          const record = await create(one, { userId: 'ada' })
          assertEqual(await two.read(record.id), record, 'read of a new session')
          await one.write(record.id, { set: { n: `${round}` } })
          assertEqual((await readLive(two, record.id)).data, { n: `${round}` }, 'read of new data')
          assertEqual(await listIds(two, 'ada'), [record.id], 'list')
          await two.end(record.id, aTombstone(record))
          assertEqual(await one.read(record.id), aTombstone(record), 'read of an ended session')
          assertEqual(await one.list('ada'), [], 'list')
        }
      }),
  },
  {
    name: 'changes of different keys through two handles at once all persist',
    guarantee: NO_LOST_UPDATE,
    needs: ['second'],
    run: (ctx) =>
      withTwo(ctx, async (one, two) => {
        const { id } = await create(one)
        const entries = Array.from({ length: 50 }, (_, index) => [`key-${index}`, `${index}`] as const)
        await atOnce(50, (index) => (index % 2 ? one : two).write(id, { set: toData([entries[index] ?? ['', '']]) }))
        assertEqual((await readLive(one, id)).data, toData(entries), 'data')
        assertEqual((await readLive(two, id)).data, toData(entries), 'data through the other')
      }),
  },
  {
    name: 'when two handles create, change a head or end at once, exactly one of them wins each time',
    guarantee: ENDED,
    needs: ['second'],
    run: (ctx) =>
      withTwo(ctx, async (one, two) => {
        const record = aRecord({ id: anId(), userId: 'ada' })
        const pick = (index: number): typeof one => (index % 2 ? one : two)
        const creates = await atOnce(10, (index) => pick(index).create(record))
        assertEqual(creates.filter(Boolean).length, 1, 'creates that succeeded')
        const heads = await atOnce(10, (index) =>
          pick(index).write(record.id, { version: 0, nextVersion: 3, head: aHead() }),
        )
        assertEqual(heads.filter(({ status }) => status === 'written').length, 1, 'heads that were written')
        const ends = await atOnce(10, (index) => pick(index).end(record.id, aTombstone(record)))
        assertEqual(ends.filter((answer) => answer !== null).length, 1, 'ends that got the record')
        assertEqual(await one.list('ada'), [], 'list')
      }),
  },
  {
    name: 'a session ended through one handle is not brought back through the other',
    guarantee: ENDED,
    needs: ['second'],
    run: (ctx) =>
      withTwo(ctx, async (one, two) => {
        for (let round = 0; round < 10; round++) {
          const record = await create(one, { userId: 'ada' })
          const seen = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
          const [, , ended] = await Promise.all([
            two.write(record.id, { set: { a: '1' } }),
            two.write(record.id, { version: 0, seen }),
            one.end(record.id, aTombstone(record)),
            two.write(record.id, { version: 0, nextVersion: 3, head: aHead() }),
          ])
          assertEqual(ended?.id, record.id, 'end')
          assertEqual(await two.read(record.id), aTombstone(record), 'read')
        }
        assertEqual(await two.list('ada'), [], 'list')
      }),
  },
]

export const durableCases: readonly StoreCase[] = [
  {
    name: 'everything is there when the data is opened again: records, tombstones, lists, expiry',
    needs: ['reopen'],
    run: (ctx) =>
      withStore(ctx, async (first) => {
        const record = await create(first, { userId: 'ada', head: aHead(), data: { cart: '["a"]' } })
        const ended = await create(first, { userId: 'ada' })
        await first.write(record.id, { set: { theme: '"dark"' } })
        await first.end(ended.id, aTombstone(ended))
        await first.close()
        const store = await ctx.reopen?.(first)
        if (store === undefined) throw new Error('needs: reopen')
        try {
          await store.setup?.()
          const kept = { ...record, data: { cart: '["a"]', theme: '"dark"' } }
          assertEqual(await store.read(record.id), kept, 'read')
          assertEqual(await store.read(ended.id), aTombstone(ended), 'read of a tombstone')
          assertEqual(await store.list('ada'), [kept], 'list')
          assertEqual(await store.create(record), false, 'create of a taken id')
          if (store.sweep === undefined) return
          assertEqual(await store.sweep(record.expiresAt + MINUTE, 10), 2, 'swept')
          assertEqual(await store.list('ada'), [], 'list when all is swept')
        } finally {
          await store.close()
        }
      }),
  },
]
