import { assertEqual } from '../assert.ts'
import { type StoreCase, TWO_CLOCKS, withStore } from './context.ts'
import { atOnce, create, MINUTE, readLive, SECOND, toData } from './records.ts'

const WRITTEN = { status: 'written' } as const

export const touchCases: readonly StoreCase[] = [
  {
    name: 'a touch moves last-seen and expiry, and nothing else',
    guarantee: TWO_CLOCKS,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada', data: { a: '1' }, version: 2 })
        const seen = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
        assertEqual(await store.write(record.id, { version: 2, seen }), WRITTEN, 'touch')
        const touched = { ...record, lastSeenAt: seen.at, expiresAt: seen.expiresAt }
        assertEqual(await store.read(record.id), touched, 'read')
        assertEqual(await store.list('ada'), [touched], 'list')
      }),
  },
  {
    name: 'a touch from before a change of the head is a conflict and changes nothing, alone or beside data',
    guarantee: TWO_CLOCKS,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        const seen = { at: record.lastSeenAt + SECOND, expiresAt: record.expiresAt - MINUTE }
        await store.write(record.id, { version: 0, nextVersion: 3, head: record.head, seen })
        const late = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
        const expected = { ...record, version: 3, lastSeenAt: seen.at, expiresAt: seen.expiresAt }
        const conflict = { status: 'conflict', record: expected } as const
        assertEqual(await store.write(record.id, { version: 0, seen: late }), conflict, 'alone')
        assertEqual(await store.write(record.id, { version: 0, seen: late, set: { a: '1' } }), conflict, 'beside data')
        assertEqual(await store.read(record.id), expected, 'read')
      }),
  },
  {
    name: 'a touch older than the last one is ignored, and data beside it is stored',
    guarantee: TWO_CLOCKS,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        const newer = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
        const older = { at: record.lastSeenAt + SECOND, expiresAt: record.expiresAt + SECOND }
        await store.write(record.id, { version: 0, seen: newer })
        assertEqual(await store.write(record.id, { version: 0, seen: older, set: { a: '1' } }), WRITTEN, 'write')
        assertEqual(await store.write(record.id, { version: 0, seen: older }), WRITTEN, 'a stale touch alone')
        const expected = { ...record, lastSeenAt: newer.at, expiresAt: newer.expiresAt, data: { a: '1' } }
        assertEqual(await store.read(record.id), expected, 'read')
      }),
  },
  {
    name: 'the latest of 20 parallel touches is kept',
    guarantee: TWO_CLOCKS,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        await atOnce(20, (index) => {
          const offset = ((index * 7) % 20) * SECOND
          const seen = { at: record.lastSeenAt + offset, expiresAt: record.expiresAt + offset }
          return store.write(record.id, { version: 0, seen, set: toData([[`k${index}`, '1']]) })
        })
        const { lastSeenAt, expiresAt, data } = await readLive(store, record.id)
        assertEqual([lastSeenAt, expiresAt], [record.lastSeenAt + 19 * SECOND, record.expiresAt + 19 * SECOND], 'times')
        assertEqual(Object.keys(data).length, 20, 'keys')
      }),
  },
]
