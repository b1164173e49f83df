import { assert, assertEqual } from '../assert.ts'
import { ENDED, type StoreCase, withStore } from './context.ts'
import { aHead, anId, aTombstone, atOnce, create, MINUTE, readLive } from './records.ts'

export const endCases: readonly StoreCase[] = [
  {
    name: 'end returns the last state, and keeps only the tombstone',
    guarantee: ENDED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada', data: { a: '1' } })
        await store.write(record.id, { set: { b: '2' } })
        const last = { ...record, data: { a: '1', b: '2' } }
        assertEqual(await store.end(record.id, aTombstone(record)), last, 'end')
        assertEqual(await store.read(record.id), aTombstone(record), 'read')
        assertEqual(await store.list('ada'), [], 'list')
      }),
  },
  {
    name: 'a session ends once: the second end gets nothing and changes no tombstone',
    guarantee: ENDED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        await store.end(record.id, aTombstone(record, 'logout'))
        assertEqual(await store.end(record.id, aTombstone(record, 'revoked')), null, 'second end')
        assertEqual(await store.read(record.id), aTombstone(record, 'logout'), 'read')
      }),
  },
  {
    name: 'exactly one of 20 parallel ends gets the record',
    guarantee: ENDED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada' })
        const answers = await atOnce(20, (index) => store.end(record.id, aTombstone(record, `reason-${index}`)))
        const winners = answers.flatMap((answer, index) => (answer === null ? [] : [index]))
        assertEqual(winners.length, 1, 'ends that got the record')
        assertEqual(answers[winners[0] ?? 0] ?? null, record, 'what it got')
        assertEqual(await store.read(record.id), aTombstone(record, `reason-${winners[0]}`), 'read')
      }),
  },
  {
    name: 'no data, touch, head or create restores an ended session',
    guarantee: ENDED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada', data: { a: '1' } })
        const tombstone = aTombstone(record)
        await store.end(record.id, tombstone)
        const gone = { status: 'gone', tombstone } as const
        const seen = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
        assertEqual(await store.write(record.id, { set: { a: '2' } }), gone, 'save')
        assertEqual(await store.write(record.id, { remove: ['a'] }), gone, 'removal')
        assertEqual(await store.write(record.id, { version: 0, seen }), gone, 'touch')
        assertEqual(await store.write(record.id, { version: 0, nextVersion: 3, head: aHead() }), gone, 'renewal')
        assertEqual(
          await store.write(record.id, { version: 0, nextVersion: 3, head: aHead(), seen, set: { a: '2' } }),
          gone,
          'all of it',
        )
        const expect = { key: 'a', text: '1' }
        assertEqual(await store.write(record.id, { set: { a: '2' }, expect }), gone, 'update')
        assertEqual(await store.create(record), false, 'create')
        assertEqual(await store.read(record.id), tombstone, 'read')
        assertEqual(await store.list('ada'), [], 'list')
      }),
  },
  {
    name: 'a logout among saves, touches and renewals in flight wins in every order',
    guarantee: ENDED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        for (let round = 0; round < 20; round++) {
          const record = await create(store, { userId: 'ada', data: { n: '0' } })
          const tombstone = aTombstone(record)
          await atOnce(8, async (index) => {
            const seen = { at: record.lastSeenAt + index, expiresAt: record.expiresAt + index }
            if (index === round % 8) {
              const ended = await store.end(record.id, tombstone)
              assert(ended !== null, 'end found the live record')
              assertEqual(await store.read(record.id), tombstone, 'read after end')
            } else if (index % 3 === 0) await store.write(record.id, { version: 0, seen })
            else if (index % 3 === 1) await store.write(record.id, { version: 0, nextVersion: 3, head: aHead(), seen })
            else await store.write(record.id, { set: { n: `${index}` } })
          })
          assertEqual(await store.read(record.id), tombstone, 'read when all is done')
        }
        assertEqual(await store.list('ada'), [], 'list')
      }),
  },
  {
    name: 'a tombstone of an id that never lived is not stored',
    guarantee: ENDED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const id = anId()
        const bystander = await create(store)
        assertEqual(await store.end(id, aTombstone({ ...bystander, id })), null, 'end')
        assertEqual(await store.read(id), null, 'read')
        assertEqual(await readLive(store, bystander.id), bystander, 'the bystander')
      }),
  },
]
