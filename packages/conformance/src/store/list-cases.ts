import { assert, assertEqual } from '../assert.ts'
import { PRIVATE, type StoreCase, withStore } from './context.ts'
import { aTombstone, atOnce, create, listIds } from './records.ts'

/** User ids that some database confuses: by a prefix, a pattern, a collation, a separator, a cut-off, or a type. */
const ALIKE_USER_IDS = [
  'a',
  'a:',
  'a:b',
  'a:b:c',
  'ab',
  'a*',
  '*',
  'a?',
  '[ab]',
  'a%',
  'a_b',
  'a\\b',
  "a'b",
  '{a}b',
  'A',
  'a ',
  ' a',
  'ä',
  'a\u0308',
  'ß',
  'ss',
  'a\u0000',
  'a\u0000b',
  'a\nb',
  'null',
  'undefined',
  'true',
  '0',
  '00',
  '1e0',
  '__proto__',
  'constructor',
  'toString',
  '用户',
  '👩‍👩‍👧',
  '\uffff',
  'x'.repeat(10_000),
  `${'x'.repeat(9_999)}y`,
]

export const listCases: readonly StoreCase[] = [
  {
    name: 'a user without sessions has the list []',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        assertEqual(await store.list('nobody'), [], 'list of nobody')
        const record = await create(store, { userId: 'ada' })
        await store.end(record.id, aTombstone(record))
        assertEqual(await store.list('ada'), [], 'list of a user whose last session ended')
      }),
  },
  {
    name: 'a list contains all live sessions of a user in their present state, and no others',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const [one, two, ended] = [
          await create(store, { userId: 'ada', data: { a: '1' } }),
          await create(store, { userId: 'ada' }),
          await create(store, { userId: 'ada' }),
        ]
        await create(store, { userId: 'grace' })
        await create(store)
        await store.write(one.id, { set: { b: '2' } })
        await store.end(ended.id, aTombstone(ended))
        const found = [...(await store.list('ada'))].sort((x, y) => (x.id < y.id ? -1 : 1))
        const expected = [{ ...one, data: { a: '1', b: '2' } }, two].sort((x, y) => (x.id < y.id ? -1 : 1))
        assertEqual(found, expected, 'list')
      }),
  },
  {
    name: 'an anonymous session is in nobody’s list',
    guarantee: PRIVATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        await create(store)
        for (const userId of ['null', 'undefined', '-', 'anonymous', ' ']) {
          assertEqual(await store.list(userId), [], `list of ${JSON.stringify(userId)}`)
        }
      }),
  },
  {
    name: 'no user id, however hostile or similar to another, lists or ends another user’s sessions',
    guarantee: PRIVATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const records = await atOnce(ALIKE_USER_IDS.length, (i) => create(store, { userId: ALIKE_USER_IDS[i] ?? null }))
        for (const record of records) {
          assertEqual(await store.list(record.userId ?? ''), [record], `list of ${JSON.stringify(record.userId)}`)
        }
        const [first, ...others] = records
        assert(first !== undefined, 'there is a first')
        await store.end(first.id, aTombstone(first))
        assertEqual(await store.list(first.userId ?? ''), [], 'list of the one that ended')
        for (const record of others) {
          assertEqual(
            await store.list(record.userId ?? ''),
            [record],
            `list of ${JSON.stringify(record.userId)} afterwards`,
          )
        }
      }),
  },
  {
    name: 'a user id that the store cannot represent is refused, and never confused with another',
    guarantee: PRIVATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const halves = ['\ud800', '\udfff', 'a\ud83d']
        const records = await atOnce(halves.length, (index) =>
          create(store, { userId: halves[index] ?? null }).catch(() => null),
        )
        for (const [index, userId] of halves.entries()) {
          const record = records[index] ?? null
          // If the store refused to create it, it may also refuse to list it.
          const found = await Promise.resolve(userId)
            .then((id) => store.list(id))
            .catch(() => [])
          assertEqual(found, record === null ? [] : [record], `list of ${JSON.stringify(userId)}`)
        }
      }),
  },
  {
    name: 'lists stay correct while 60 sessions of one user start and end at once',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const kept = await atOnce(60, async (index) => {
          const record = await create(store, { userId: 'ada' })
          if (index % 3 !== 0) return record.id as string
          await store.end(record.id, aTombstone(record))
          return null
        })
        const expected = kept.filter((id) => id !== null).sort()
        assertEqual(await listIds(store, 'ada'), expected, 'list')
      }),
  },
  {
    name: 'among 300 users each sees their own sessions only',
    guarantee: PRIVATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const mine = new Map<string, string[]>()
        await atOnce(600, async (index) => {
          const userId = `user-${index % 300}`
          const { id } = await create(store, { userId })
          mine.set(userId, [...(mine.get(userId) ?? []), id])
        })
        for (const [userId, ids] of mine) assertEqual(await listIds(store, userId), ids.sort(), `list of ${userId}`)
      }),
  },
]
