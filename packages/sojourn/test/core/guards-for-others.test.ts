import type { Guard, GuardOwner, RequestView } from 'sojourn'
import { markUsed, reportFault, reportOn, revoke, revokeAll, wasUsed } from 'sojourn/guards/kit'
import { expect, test } from 'vitest'
import { createWorld, HOUR, rejection, toView } from './kit.ts'

function worldOf() {
  const owners: GuardOwner[] = []
  const guard: Guard = { name: 'hook', opened: () => null, joined: (owner) => void owners.push(owner) }
  const world = createWorld({ guards: [guard] })
  const view: RequestView = toView({ method: 'POST', url: '/hook?secret=1' })
  const [owner = {}] = owners
  const logIn = async (userId: string) => {
    const client = world.client()
    await client.send((session) => session.login(userId))
    return { client, id: (await client.send((session) => session.id)).value }
  }
  return { ...world, guard, owners, acting: { owner, view }, logIn }
}

test('createSessions calls joined once', () => {
  expect(worldOf().owners.length).toBe(1)
})

test('a guard ends sessions of other requests, and the events name the request for which it acts', async () => {
  const { acting, logIn, eventsOf } = worldOf()
  const [one, two, other] = [await logIn('ada'), await logIn('ada'), await logIn('bob')]
  expect([await revoke(acting, one.id, 'hook'), await revoke(acting, one.id, 'hook')]).toEqual([true, false])
  expect(await revokeAll(acting, 'ada', 'hook')).toBe(1)
  const seen = async ({ client }: typeof one) => (await client.send((session) => session.userId)).value
  expect([await seen(one), await seen(two), await seen(other)]).toEqual([null, null, 'bob'])
  const request = expect.objectContaining({ method: 'POST', path: '/hook' })
  expect(eventsOf('ended')).toEqual([
    expect.objectContaining({ id: one.id, userId: 'ada', reason: 'hook', request }),
    expect.objectContaining({ id: two.id, userId: 'ada', reason: 'hook', request }),
  ])
})

test('a key is used once, by the clock of the sessions, and by another process too', async () => {
  const { acting, clock, node, owners, guard } = worldOf()
  const until = clock() + HOUR
  expect(await wasUsed(acting, 'a')).toBe(false)
  expect(await markUsed(acting, 'a', until)).toBe(true)
  node({ guards: [guard] })
  const there = { ...acting, owner: owners[1] ?? {} }
  expect([await markUsed(there, 'a', until), await wasUsed(there, 'a'), await wasUsed(there, 'b')]).toEqual([
    false,
    true,
    false,
  ])
  clock.advance(HOUR)
  expect(await wasUsed(acting, 'a')).toBe(false)
})

test('a finding and a fault concern the request for which it acts', () => {
  const { acting, guard, eventsOf } = worldOf()
  reportOn(acting, guard, { id: null, userId: 'ada' }, { finding: 'left', message: 'Ada has left.' })
  reportFault(acting, guard, new Error('down'))
  const request = expect.objectContaining({ path: '/hook' })
  expect(eventsOf('finding')).toEqual([
    expect.objectContaining({ guard: 'hook', userId: 'ada', finding: 'left', score: null, request }),
  ])
  expect(eventsOf('fault')).toEqual([expect.objectContaining({ operation: 'guard hook', request })])
})

test('fail closed: while the store is down, a key is neither used nor free', async () => {
  const { acting, store, clock } = worldOf()
  store.fail('read')
  expect(await rejection(async () => wasUsed(acting, 'a'))).toMatchObject({ code: 'ERR_STORE' })
  store.fail('create')
  expect(await rejection(markUsed(acting, 'a', clock() + HOUR))).toMatchObject({ code: 'ERR_STORE' })
})

test('ERR_OPTION for an owner that createSessions did not make', async () => {
  const { acting } = worldOf()
  expect(await rejection(revokeAll({ ...acting, owner: {} }, 'ada', 'hook'))).toMatchObject({ code: 'ERR_OPTION' })
})
