import type { SessionId } from 'sojourn'
import { assertEqual } from '../assert.ts'
import { ENDED, STRICT, type StoreCase, withStore } from './context.ts'
import { aHead, anId, aRecord, aTombstone, atOnce, create, DAY, readLive } from './records.ts'

/** Texts that a client may send in place of an id. None of them names a record, and none may break a query. */
const NO_IDS = [
  '',
  ' ',
  '*',
  '%',
  '..',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'null',
  "'; DROP TABLE sessions; --",
  'a:b',
  '{tag}',
  'ключ',
  '\u0000',
  '\ud800',
  '\r\nSET x 1\r\n',
  'x'.repeat(10_000),
].map((text) => text as SessionId)

export const createCases: readonly StoreCase[] = [
  {
    name: 'a created record is read back unchanged, in every field',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const fields = { userId: 'ada', version: 7, head: aHead(), data: { cart: '["a",{"b":1}]', theme: '"dark"' } }
        const record = await create(store, fields)
        assertEqual(await store.read(record.id), record, 'read')
      }),
  },
  {
    name: 'an anonymous record without data is read back unchanged',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        assertEqual(await store.read(record.id), record, 'read')
      }),
  },
  {
    name: 'an unknown id is absent, and reading it creates nothing',
    guarantee: STRICT,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = aRecord({ userId: 'ada' })
        const gone = { status: 'gone', tombstone: null } as const
        assertEqual(await store.read(record.id), null, 'read')
        assertEqual(await store.write(record.id, { set: { a: '1' } }), gone, 'write of data')
        assertEqual(
          await store.write(record.id, { version: 0, nextVersion: 3, head: aHead() }),
          gone,
          'write of a head',
        )
        const seen = { at: record.lastSeenAt, expiresAt: record.expiresAt }
        assertEqual(await store.write(record.id, { version: 0, seen }), gone, 'touch')
        assertEqual(await store.write(record.id, {}), gone, 'empty write')
        assertEqual(await store.end(record.id, aTombstone(record)), null, 'end')
        assertEqual(await store.read(record.id), null, 'read afterwards')
      }),
  },
  {
    name: 'a text that is not an id is absent, and no error',
    guarantee: STRICT,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const other = await create(store, { userId: 'ada' })
        for (const id of NO_IDS) {
          const what = JSON.stringify(id.slice(0, 20))
          assertEqual(await store.read(id), null, `read of ${what}`)
          assertEqual(
            await store.write(id, { set: { a: '1' } }),
            { status: 'gone', tombstone: null },
            `write to ${what}`,
          )
          assertEqual(await store.end(id, aTombstone({ ...other, id })), null, `end of ${what}`)
        }
        assertEqual(await store.read(other.id), other, 'the record that is there')
      }),
  },
  {
    name: 'create refuses an id that is taken, and does not change its record',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada', data: { a: '1' } })
        const rival = aRecord({ id: record.id, userId: 'eve', data: { b: '2' } })
        assertEqual(await store.create(rival), false, 'create of a taken id')
        assertEqual(await store.read(record.id), record, 'read')
        assertEqual(await store.list('eve'), [], "the rival's list")
      }),
  },
  {
    name: 'create refuses the id of an ended session, and does not change its tombstone',
    guarantee: ENDED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada' })
        await store.end(record.id, aTombstone(record))
        assertEqual(await store.create(record), false, 'create over a tombstone')
        assertEqual(await store.read(record.id), aTombstone(record), 'read')
        assertEqual(await store.list('ada'), [], 'list')
      }),
  },
  {
    name: 'exactly one of 20 parallel creates of one id succeeds, and its record is stored',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const id = anId()
        const records = Array.from({ length: 20 }, (_, index) => aRecord({ id, userId: `user-${index}` }))
        const answers = await atOnce(20, (index) => store.create(records[index] ?? aRecord()))
        assertEqual(answers.filter(Boolean).length, 1, 'creates that succeeded')
        const winner = records[answers.indexOf(true)]
        assertEqual(await readLive(store, id), winner ?? aRecord(), 'read')
        for (const record of records) {
          const expected = record === winner ? [record] : []
          assertEqual(await store.list(record.userId ?? ''), expected, `list of ${record.userId}`)
        }
      }),
  },
  {
    name: 'sessions of 30 and of 400 days live from the start',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const month = await create(store, { expiresAt: Date.now() + 30 * DAY, userId: 'ada' })
        const year = await create(store, { expiresAt: Date.now() + 400 * DAY, userId: 'ada' })
        // A timer of more than 24.8 days fires immediately. This gives it the time to.
        await new Promise((resolve) => setTimeout(resolve, 20))
        assertEqual(await store.read(month.id), month, 'read of 30 days')
        assertEqual(await store.read(year.id), year, 'read of 400 days')
      }),
  },
]
