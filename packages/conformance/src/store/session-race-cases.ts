import type { Session } from 'sojourn'
import { assert, assertCode, assertEqual } from '../assert.ts'
import { ENDED, NO_LOST_UPDATE, type StoreCase } from './context.ts'
import { atOnce, MINUTE } from './records.ts'
import { type Data, loggedIn, withTwoWorlds, withWorld } from './visitors.ts'

/** The actions that a slow request may be about to take when its session ends. */
const LATE_DEEDS: readonly (readonly [name: string, deed: (session: Session<Data>) => unknown])[] = [
  ['a save', (session) => Object.assign(session.data, { late: true })],
  ['a nested edit', (session) => (session.data.cart as string[]).push('late')],
  ['a touch', () => undefined],
  ['a flash', (session) => session.flash.set('message', 'late')],
]

/** The actions that it may try, and that fail because they are too late. */
const LATE_VERBS: readonly (readonly [name: string, deed: (session: Session<Data>) => Promise<unknown>])[] = [
  ['update', (session) => session.update('late', () => true)],
  ['rotate', (session) => session.rotate()],
  ['reauthenticated', (session) => session.reauthenticated()],
]

export const sessionRaceCases: readonly StoreCase[] = [
  {
    name: '50 parallel requests that each add a key leave 50 keys',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        const requests = await atOnce(50, () => visitor.begin())
        await atOnce(50, async (index) => {
          const request = requests[index]
          if (request === undefined) return
          request.session.data[`key-${index}`] = index
          await request.finish()
        })
        const data = await visitor.visit((session) => structuredClone({ ...session.data }))
        assertEqual(Object.keys(data).length, 50, 'keys')
        for (let index = 0; index < 50; index++) assertEqual(data[`key-${index}`], index, `key-${index}`)
      }),
  },
  {
    name: '50 parallel requests that each update one counter count to 50',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        await atOnce(50, () => visitor.visit((session) => session.update('n', (n) => Number(n ?? 0) + 1)))
        assertEqual(await visitor.visit((session) => session.data.n), 50, 'counter')
      }),
  },
  {
    name: 'two servers that update one counter at once count every time',
    guarantee: NO_LOST_UPDATE,
    needs: ['second'],
    run: (ctx) =>
      withTwoWorlds(ctx, async (one, two) => {
        const { token } = await loggedIn(one, 'ada')
        await atOnce(30, (index) =>
          (index % 2 ? one : two)
            .visitor(token ?? '')
            .visit((session) => session.update('n', (n) => Number(n ?? 0) + 1)),
        )
        assertEqual(await two.visitor(token ?? '').visit((session) => session.data.n), 30, 'counter')
      }),
  },
  {
    name: 'a logout while slow requests are in flight is final: no save, touch or flash of theirs restores the session',
    guarantee: ENDED,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        for (const [name, deed] of LATE_DEEDS) {
          const visitor = world.visitor()
          await visitor.visit(async (session) => {
            await session.login('ada')
            session.data.cart = ['early']
          })
          const { token } = visitor
          // Far enough for a touch to be due.
          world.pass(5 * MINUTE)
          const slow = await visitor.begin()
          await visitor.visit((session) => session.logout())
          await deed(slow.session)
          await slow.finish()
          const replay = await world.visitor(token ?? '').visit(({ userId, refused }) => [userId, refused])
          assertEqual(replay, [null, 'ended'], `the token replayed after ${name}`)
        }
        assertEqual(await world.sessions.list('ada'), [], "the user's list")
      }),
  },
  {
    name: 'a logout while a renewal is in flight is final, and the renewed token opens nothing',
    guarantee: ENDED,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        const { token } = visitor
        for (let round = 0; round < 5; round++) {
          world.pass(20 * MINUTE)
          await visitor.visit(() => undefined)
        }
        world.pass(20 * MINUTE)
        const slow = await world.visitor(visitor.token ?? '').begin()
        await visitor.visit((session) => session.logout())
        await slow.finish()
        for (const old of new Set([token, ...world.tokens])) {
          const userId = await world.visitor(old ?? '').visit((session) => session.userId)
          assertEqual(userId, null, 'a token replayed')
        }
        assertEqual(await world.sessions.list('ada'), [], "the user's list")
      }),
  },
  {
    name: 'an update, a rotation or a new proof in a session that ended meanwhile is an error, and changes nothing',
    guarantee: ENDED,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        for (const [name, deed] of LATE_VERBS) {
          const visitor = await loggedIn(world, 'ada')
          const { token } = visitor
          const slow = await visitor.begin()
          await visitor.visit((session) => session.logout())
          await assertCode(() => deed(slow.session), 'ERR_SESSION_ENDED', name)
          await slow.finish()
          for (const each of new Set([token, ...world.tokens])) {
            const userId = await world.visitor(each ?? '').visit((session) => session.userId)
            assertEqual(userId, null, `a token replayed after ${name}`)
          }
        }
      }),
  },
  {
    name: 'a session that is ended from elsewhere is closed at once: by id, by user, all others, by erasure',
    guarantee: ENDED,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const { sessions } = world
        const here = await loggedIn(world, 'ada')
        const ends: readonly (readonly [name: string, end: (id: string) => Promise<unknown>])[] = [
          ['revoke', (id) => sessions.revoke(id)],
          ['revokeDevice', (id) => here.visit((session) => session.revokeDevice(id))],
          ['revokeOthers', () => here.visit((session) => session.revokeOthers())],
          ['revokeAll', () => sessions.revokeAll('ada')],
          ['erase', () => sessions.erase('ada')],
        ]
        for (const [name, end] of ends) {
          const there = await loggedIn(world, 'ada')
          const slow = await there.begin()
          assert(await end(slow.session.id), `${name} says that it ended something`)
          slow.session.data.late = true
          await slow.finish()
          const replay = await there.visit(({ userId, refused }) => [userId, refused])
          assertEqual(replay, [null, 'ended'], `the token after ${name}`)
        }
        assertEqual(await sessions.list('ada'), [], "the user's list")
      }),
  },
  {
    name: 'a logout on one server holds on the other at once, also for a request in flight there',
    guarantee: ENDED,
    needs: ['second'],
    run: (ctx) =>
      withTwoWorlds(ctx, async (one, two) => {
        for (let round = 0; round < 10; round++) {
          const { token } = await loggedIn(one, 'ada')
          const slow = await two.visitor(token ?? '').begin()
          assertEqual(slow.session.userId, 'ada', 'the user on the other server')
          await one.visitor(token ?? '').visit((session) => session.logout())
          const refused = await two.visitor(token ?? '').visit((session) => session.refused)
          assertEqual(refused, 'ended', 'the next request on the other server')
          slow.session.data.late = round
          await slow.finish()
          const after = await one.visitor(token ?? '').visit((session) => session.refused)
          assertEqual(after, 'ended', 'a request after the slow one was done')
        }
        assertEqual(await two.sessions.list('ada'), [], "the user's list")
      }),
  },
]
