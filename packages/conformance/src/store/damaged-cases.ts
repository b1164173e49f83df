import type { ScanPage, SessionId, SessionRecord, Store } from 'sojourn'
import { assert, assertCode, assertEqual } from '../assert.ts'
import { ENDED, FAIL_CLOSED, PRIVATE, type StoreCase, type StoreContext, withStore } from './context.ts'
import { aTombstone, create, listIds } from './records.ts'
import { withWorld } from './visitors.ts'

const needs = ['damage'] as const

/** Creates three records of one user, the second of them damaged. */
async function fill(ctx: StoreContext, store: Store): Promise<readonly [SessionRecord, SessionRecord, SessionRecord]> {
  const records = [
    await create(store, { userId: 'ada' }),
    await create(store, { userId: 'ada', data: { a: '1' } }),
    await create(store, { userId: 'ada' }),
  ] as const
  await ctx.damage?.(store, records[1].id)
  return records
}

export const damagedCases: readonly StoreCase[] = [
  {
    name: 'a record that cannot be read has an error code of its own, is never reported as absent, and its id stays taken',
    guarantee: FAIL_CLOSED,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const [, damaged] = await fill(ctx, store)
        await assertCode(() => store.read(damaged.id), 'ERR_RECORD_DAMAGED', 'read')
        const isCreated = await Promise.resolve(damaged)
          .then((record) => store.create(record))
          .catch(() => false)
        assertEqual(isCreated, false, 'create')
        await assertCode(() => store.read(damaged.id), 'ERR_RECORD_DAMAGED', 'read afterwards')
      }),
  },
  {
    name: 'one unreadable record of a user hides none of the others, and the list names it',
    guarantee: ENDED,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const records = await fill(ctx, store)
        const [one, damaged, other] = records
        assertEqual(await listIds(store, 'ada'), records.map(({ id }) => id as string).sort(), 'ids in the list')
        for (const found of await store.list('ada')) {
          if (found.id === damaged.id) assertEqual(found, { kind: 'damaged', id: damaged.id }, 'what is damaged')
          else assertEqual(found, found.id === one.id ? one : other, 'what is not')
        }
      }),
  },
  {
    name: 'an unreadable record is ended by its id, once, and its tombstone is stored',
    guarantee: ENDED,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const [one, damaged, other] = await fill(ctx, store)
        const last = await store.end(damaged.id, aTombstone(damaged))
        assertEqual(last, { kind: 'damaged', id: damaged.id }, 'end')
        assertEqual(await store.read(damaged.id), aTombstone(damaged), 'read')
        assertEqual(await store.end(damaged.id, aTombstone(damaged, 'again')), null, 'second end')
        assertEqual(await store.create(damaged), false, 'create')
        assertEqual(await listIds(store, 'ada'), [one.id as string, other.id].sort(), 'list')
      }),
  },
  {
    name: 'a sweep gets past a record that cannot be read',
    guarantee: PRIVATE,
    needs: ['damage', 'sweeps'],
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const records = await fill(ctx, store)
        const ended = await create(store, { userId: 'ada' })
        const later = ended.expiresAt + 1
        await ctx.damage?.(store, ended.id)
        await store.end(ended.id, { ...aTombstone(ended), expiresAt: later + 1000 })
        await store.sweep?.(later, 100)
        const found = await Promise.all([...records, ended].map(async ({ id }) => store.read(id)))
        assertEqual(
          found.map((value) => value?.kind ?? null),
          [null, null, null, 'ended'],
          'what is left',
        )
        await store.sweep?.(later + 1000, 100)
        assertEqual(await store.read(ended.id), null, 'the tombstone at its time')
      }),
  },
  {
    name: 'a scan gets past a record that cannot be read, and names it',
    needs: ['damage', 'scans'],
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const [one, damaged, other] = await fill(ctx, store)
        const found = new Map<SessionId, string>()
        let cursor: string | null = null
        do {
          const page: ScanPage | undefined = await store.scan?.(cursor, 2)
          for (const { id, kind } of page?.values ?? []) found.set(id, kind)
          cursor = page?.next ?? null
        } while (cursor !== null)
        assertEqual(
          found,
          new Map([one, damaged, other].map(({ id }) => [id, id === damaged.id ? 'damaged' : 'live'])),
          'found',
        )
      }),
  },
  {
    name: 'a user can end every session, and be erased, even if one record cannot be read',
    guarantee: ENDED,
    needs,
    run: (ctx) =>
      withWorld(ctx, async ({ store, sessions, visitor }) => {
        for (const verb of ['revokeAll', 'erase', 'logout'] as const) {
          const [one, two] = [visitor(), visitor()]
          await one.visit((session) => session.login('ada'))
          const id = await two.visit(async (session) => {
            await session.login('ada')
            return session.id as SessionId
          })
          await ctx.damage?.(store, id)
          assertEqual((await sessions.list('ada')).length, 1, 'what can be shown')
          assertEqual((await sessions.export('ada')).sessions.length, 1, 'what can be exported')
          if (verb === 'logout') await one.visit((session) => session.logout({ everywhere: true }))
          else await sessions[verb]('ada')
          const refused = await two.visit((session) => [session.userId, session.refused])
          assertEqual(refused, [null, 'ended'], 'the one that could not be read')
          assertEqual(await one.visit((session) => session.userId), null, 'the other')
          assertEqual(await store.list('ada'), [], 'list')
        }
      }),
  },
  {
    name: 'an operator can end an unreadable session by its id',
    guarantee: ENDED,
    needs,
    run: (ctx) =>
      withWorld(ctx, async ({ store, sessions, visitor }) => {
        const ada = visitor()
        const id = await ada.visit(async (session) => {
          await session.login('ada')
          return session.id as SessionId
        })
        await ctx.damage?.(store, id)
        await assertCode(() => ada.visit(() => undefined), 'ERR_RECORD_DAMAGED', 'a request before')
        assert(await sessions.revoke(id), 'it was ended')
        assert(!(await sessions.revoke(id)), 'once')
        assertEqual(await ada.visit((session) => session.refused), 'ended', 'a request after')
        await ada.visit((session) => session.login('ada'))
        assertEqual(await ada.visit((session) => session.userId), 'ada', 'after another login')
      }),
  },
]
