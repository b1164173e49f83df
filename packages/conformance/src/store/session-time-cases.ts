import { assert, assertCode, assertEqual, assertRejects } from '../assert.ts'
import { FAIL_CLOSED, PRIVATE, QUIET, type StoreCase, TWO_CLOCKS } from './context.ts'
import { DAY, listIds, MINUTE } from './records.ts'
import { loggedIn, withWorld } from './visitors.ts'

export const sessionTimeCases: readonly StoreCase[] = [
  {
    name: 'an unused session expires, and is invisible even before a sweep: to its token, in lists, to revoke',
    guarantee: TWO_CLOCKS,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        const id = await visitor.visit((session) => session.id)
        world.pass(30 * MINUTE)
        assertEqual(await world.sessions.list('ada'), [], 'list')
        assertEqual(await world.sessions.revoke(id), false, 'revoke')
        const seen = await visitor.visit(({ userId, isNew }) => [userId, isNew])
        assertEqual(seen, [null, true], 'what its token opens')
      }),
  },
  {
    name: 'a session in constant use still ends at its absolute limit',
    guarantee: TWO_CLOCKS,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
          world.pass(20 * MINUTE)
          assertEqual(await visitor.visit((session) => session.userId), 'ada', `the user after ${minutes} minutes`)
        }
        world.pass(20 * MINUTE)
        assertEqual(await visitor.visit((session) => session.userId), null, 'the user after 12 hours')
        assertEqual(await world.sessions.list('ada'), [], 'list')
      }),
  },
  {
    name: 'a session of 400 days is alive after 399, and a sweep in between keeps it',
    guarantee: TWO_CLOCKS,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = world.visitor()
        await visitor.visit((session) => session.login('ada', { absolute: '400d' }))
        const began = Date.now()
        const [info] = await world.sessions.list('ada')
        const days = ((info?.expiresAt.getTime() ?? 0) - began) / DAY
        assert(days > 399.9 && days < 400.1, `expires in ${days} days`)
        for (const pause of [30, 360]) {
          world.pass(pause * DAY)
          await world.sessions.sweep()
          assertEqual(await visitor.visit((session) => session.userId), 'ada', `the user, ${pause} days on`)
        }
        world.pass(11 * DAY)
        assertEqual(await visitor.visit((session) => session.userId), null, 'the user after 401 days')
      }),
  },
  {
    name: 'a request that only reads stores nothing and hands out no token',
    guarantee: QUIET,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = world.visitor()
        const id = await visitor.visit((session) => {
          assertEqual(session.data.cart ?? null, null, 'data of a new session')
          return session.id
        })
        assertEqual(visitor.token, null, 'the token')
        assertEqual(await world.store.read(id), null, 'the record')
        const user = await loggedIn(world, 'ada')
        const before = await world.store.read(await user.visit((session) => session.id))
        await user.visit((session) => JSON.stringify(session.data))
        assertEqual(await world.store.read(before?.id ?? id), before, 'the record after reading once more')
      }),
  },
  {
    name: 'if the store is unavailable, a request is rejected and not treated as anonymous, and the client keeps its token',
    guarantee: FAIL_CLOSED,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        const { token } = visitor
        const slow = await visitor.begin()
        await world.store.close()
        await assertRejects(() => visitor.begin(), 'a request with a token')
        slow.session.data.late = true
        await assertRejects(() => slow.finish(), 'the end of a request that edited')
        await assertRejects(() => world.sessions.list('ada'), 'list')
        await assertRejects(() => world.sessions.revokeAll('ada'), 'revokeAll')
        assertEqual(visitor.token, token, 'the token')
      }),
  },
  {
    name: 'when the database is lost, a request is rejected with ERR_STORE, status 503',
    guarantee: FAIL_CLOSED,
    needs: ['sever'],
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        const { token } = visitor
        await ctx.sever?.(world.store)
        const error = await assertCode(() => visitor.begin(), 'ERR_STORE', 'a request with a token')
        assertEqual('status' in error ? error.status : null, 503, 'status')
        assertEqual(visitor.token, token, 'the token')
      }),
  },
  {
    name: 'a user’s export contains only their sessions, and after an erasure no record names them',
    guarantee: PRIVATE,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const ada = await loggedIn(world, 'ada')
        const grace = await loggedIn(world, 'grace')
        await ada.visit((session) => Object.assign(session.data, { cart: ['a'] }))
        await grace.visit((session) => Object.assign(session.data, { cart: ['g'] }))
        const copy = await world.sessions.export('ada')
        assertEqual(
          copy.sessions.map(({ data }) => data?.cart),
          [['a']],
          'exported data',
        )
        const ids = await listIds(world.store, 'ada')
        assertEqual(await world.sessions.erase('ada'), 1, 'sessions erased')
        assertEqual(await world.store.list('ada'), [], 'list')
        for (const id of ids) {
          const left = await world.store.read(id as never)
          assert(
            left === null || (left.kind === 'ended' && !JSON.stringify(left).includes('ada')),
            'what is left names nobody',
          )
        }
        assertEqual(await grace.visit((session) => session.data.cart), ['g'], 'the other user')
      }),
  },
]
