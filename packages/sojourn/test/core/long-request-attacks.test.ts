import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore, type Session, type Store } from 'sojourn'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createClient,
  createWorld,
  HOUR,
  MINUTE,
  rejection,
  SECOND,
  stayFor,
  type TestData,
  type World,
} from './kit.ts'

/** Two servers on one store. A request stays open on the first; what ends its session comes from the second. */
interface Place {
  readonly world: World<TestData>
  readonly victim: ReturnType<World<TestData>['client']>
  readonly other: ReturnType<World<TestData>['client']>
}

const leaves: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const leave of leaves.splice(0)) await leave()
})

const STORES: [name: string, open: () => Store][] = [
  ['memory', () => memoryStore()],
  [
    'lmdb',
    () => {
      const path = mkdtempSync(join(tmpdir(), 'sojourn-long-'))
      const store = lmdbStore({ path })
      leaves.push(async () => {
        await store.close()
        rmSync(path, { recursive: true, force: true })
      })
      return store
    },
  ],
]

const ENDS: [name: string, end: (place: Place) => Promise<unknown>][] = [
  ['a revocation', async ({ world }) => world.node().revokeAll('ada')],
  ['an erasure', async ({ world }) => world.node().erase('ada')],
  [
    'a logout on another server',
    async ({ world, victim }) => {
      const elsewhere = createClient(world.node())
      await elsewhere.send((session) => session.logout(), { cookie: victim.cookie() })
    },
  ],
  [
    'the absolute limit',
    async ({ world, victim }) => {
      await stayFor(world, victim, 12 * HOUR)
    },
  ],
  ['the idle limit', async ({ world }) => world.clock.advance(30 * MINUTE)],
]

/** The calls that a replaced token no longer allows after another request changed the user's privileges. */
const PRIVILEGED = ['rotate', 'reauthenticated', 'login as the same user', 'revokeOthers', 'revokeDevice']

const ACTS: [name: string, act: (session: Session<TestData>, otherId: string) => unknown][] = [
  ['rotate', (session) => session.rotate()],
  ['reauthenticated', (session) => session.reauthenticated()],
  ['update', (session) => session.update('n', () => 1)],
  ['login as the same user', (session) => session.login(session.userId ?? '', { absolute: '30d' })],
  ['revokeOthers', (session) => session.revokeOthers()],
  ['revokeDevice', (session, otherId) => session.revokeDevice(otherId)],
  [
    'an edit of the data',
    (session) => {
      session.data.n = 1
    },
  ],
  ['a flash value', (session) => session.flash.set('n', 1)],
  ['nothing', () => {}],
]

const CASES = ENDS.flatMap(([end, bring]) => ACTS.map(([act, perform]) => [act, end, bring, perform] as const))

describe.each(STORES)('1 a request that stays open across the end of its session (%s)', (_, openStore) => {
  it.each(CASES)('%s, after %s, neither acts nor revives', async (_act, _end, bring, perform) => {
    const world = createWorld({ store: openStore() })
    const victim = world.client()
    await victim.send((session) => session.login('ada'))
    const other = world.client()
    const parked = await victim.open()
    await bring({ world, victim, other })
    await other.send((session) => session.login('ada'))
    const otherId = (await other.send((session) => session.id)).value
    const before = await world.sessions.list('ada')

    const acted = await rejection(async () => perform(parked.session, otherId)).catch(() => null)
    const headers = await parked.commit()
    await parked.finish()

    expect(headers.filter(({ name, value }) => name === 'set-cookie' && !value.includes('Max-Age=0'))).toEqual([])
    expect(await world.sessions.list('ada')).toEqual(before)
    expect((await other.send((session) => session.userId)).value).toBe('ada')
    victim.receive(headers)
    expect((await victim.send((session) => session.userId)).value).toBe(null)
    if (acted !== null) expect(acted).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })
})

const CHANGES: [name: string, change: (session: Session<TestData>) => Promise<void>][] = [
  ['a rotation', (session) => session.rotate()],
  ['a new proof', (session) => session.reauthenticated()],
]

const TAKEOVERS = CHANGES.flatMap(([change, bring]) =>
  ACTS.filter(([act]) => PRIVILEGED.includes(act)).map(([act, perform]) => [act, change, bring, perform] as const),
)

describe.each(STORES)('2 a thief who parks a request with a copied token (%s)', (_, openStore) => {
  it.each(TAKEOVERS)('cannot use %s after %s has replaced the token', async (_act, _change, bring, perform) => {
    const world = createWorld({ store: openStore() })
    const victim = world.client()
    await victim.send((session) => session.login('ada'))
    const other = world.client()
    await other.send((session) => session.login('ada'))
    const otherId = (await other.send((session) => session.id)).value
    const parked = await victim.open()
    await victim.send(bring)
    world.clock.advance(5 * SECOND)

    const acted = await rejection(async () => perform(parked.session, otherId)).catch(() => null)
    const headers = await parked.commit()

    expect(acted).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    expect(headers.filter(({ name }) => name === 'set-cookie')).toEqual([])
    expect((await victim.send((session) => session.userId)).value).toBe('ada')
    expect((await other.send((session) => session.userId)).value).toBe('ada')
  })

  it.each(ACTS.filter(([act]) => PRIVILEGED.includes(act)))(
    'while a renewal alone leaves an honest long request its right to %s',
    async (_act, perform) => {
      const world = createWorld({ store: openStore(), timeouts: { idle: '2h', renew: '1h' } })
      const victim = world.client()
      await victim.send((session) => session.login('ada'))
      const other = world.client()
      await other.send((session) => session.login('ada'))
      const otherId = (await other.send((session) => session.id)).value
      world.clock.advance(HOUR)
      const parked = await victim.open()
      await victim.send(() => {})
      await victim.send(() => {})
      world.clock.advance(5 * SECOND)
      const acted = await rejection(async () => perform(parked.session, otherId)).catch(() => null)
      expect(acted).toBe(null)
    },
  )
})

describe('1 a login of the user whose session the request already has', () => {
  async function openedBefore(options = {}) {
    const world = createWorld<TestData>(options)
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const [slow, other] = [await client.open(), await client.open()]
    return { world, slow, other }
  }

  it.each([
    [2 * MINUTE - 1, null],
    [2 * MINUTE, 'ERR_SESSION_ENDED'],
  ])('after another login from the same page: %d ms after the request began', async (ms, code) => {
    const { world, slow, other } = await openedBefore()
    await other.session.login('ada')
    world.clock.advance(ms)
    const failed = await slow.session.login('ada').then(
      () => null,
      (error: { code: string }) => error.code,
    )
    expect(failed).toBe(code)
    expect(await world.sessions.list('ada')).toHaveLength(code === null ? 2 : 1)
  })

  it.each([
    [0, null],
    [1, 'ERR_SESSION_ENDED'],
  ])('at its idle limit, of a request that began a millisecond before it: %d ms later', async (ms, code) => {
    const world = createWorld<TestData>()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    world.clock.advance(30 * MINUTE - 1)
    const slow = await client.open()
    world.clock.advance(ms)
    const failed = await slow.session.login('ada').then(
      () => null,
      (error: { code: string }) => error.code,
    )
    expect(failed).toBe(code)
    expect(await world.sessions.list('ada')).toHaveLength(code === null ? 1 : 0)
  })
})
