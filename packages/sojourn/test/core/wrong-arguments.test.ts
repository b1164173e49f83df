import type { Session, Sessions } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, rejection, type TestData } from './kit.ts'

/** JavaScript may call with anything. */
type Loose<T> = { [K in keyof T]: (...args: unknown[]) => unknown }

const UNLIKE_STRINGS = [undefined, null, 42, {}, ['x']]

describe('a method of sessions with a wrong argument is an error that says what it takes', () => {
  it.each<[string, (sessions: Loose<Sessions<TestData>>) => unknown, string]>([
    ['on, an event that does not exist', ({ on }) => on('logout', () => {}), '"created" or "login" or'],
    ['on, a name of what every object has', ({ on }) => on('constructor', () => {}), '"created" or "login"'],
    ['on, no listener', ({ on }) => on('login'), 'function'],
    ['revokeAll, an unknown option', ({ revokeAll }) => revokeAll('ada', { exept: 'x' }), 'exept'],
    ['revokeAll, a reason that is no string', ({ revokeAll }) => revokeAll('ada', { reason: 5 }), 'reason'],
    ...UNLIKE_STRINGS.map((id): [string, (sessions: Loose<Sessions<TestData>>) => unknown, string] => [
      `revoke, the id ${JSON.stringify(id)}`,
      ({ revoke }) => revoke(id),
      'id',
    ]),
  ])('%s', async (_, call, message) => {
    const { sessions, client } = createWorld()
    await client().send((session) => session.login('ada'))
    const error = await rejection(async () => call(sessions as unknown as Loose<Sessions<TestData>>))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(message)
    expect(await sessions.list('ada')).toHaveLength(1)
  })
})

describe('a verb of a session with a wrong argument is an error, and nothing happens', () => {
  type Call = (session: Loose<Session<TestData>>) => unknown
  it.each<[string, Call, string]>([
    ...UNLIKE_STRINGS.map((key): [string, Call, string] => [
      `update, the key ${JSON.stringify(key)}`,
      (session) => session.update(key, () => 1),
      'key',
    ]),
    ['update, no function', (session) => session.update('n', 5), 'fn must be a function'],
    ['login, an unknown option', (session) => session.login('bob', { idel: '5m' }), 'idel'],
    ...[{ name: 5 }, { ip: ['x'] }, { nam: 'x' }].map((device): [string, Call, string] => [
      `login, the device ${JSON.stringify(device)}`,
      (session) => session.login('bob', { device }),
      'device',
    ]),
    ...['cart', 5, null, [5], {}].map((carry): [string, Call, string] => [
      `login, carry ${JSON.stringify(carry)}`,
      (session) => session.login('ada', { carry }),
      'carry',
    ]),
    ['logout, an unknown option', (session) => session.logout({ everwhere: true }), 'everwhere'],
    ['reauthenticated, methods', (session) => session.reauthenticated({ methods: [5] }), 'methods'],
    ['revokeDevice, the id', (session) => session.revokeDevice(5), 'id'],
    ['authenticatedWithin, no duration', (session) => session.authenticatedWithin('soon'), 'authenticatedWithin'],
    ['data, a list', (session) => Reflect.set(session, 'data', [1]), 'object'],
    ['data, a text', (session) => Reflect.set(session, 'data', 'cart'), 'object'],
    ['data, null', (session) => Reflect.set(session, 'data', null), 'object'],
    ['flash.set, the key', (session) => (session.flash as unknown as Session['flash']).set(5 as never, 1), 'key'],
    ['flash.take, the key', (session) => (session.flash as unknown as Session['flash']).take(5 as never), 'key'],
  ])('%s', async (_, call, message) => {
    const world = createWorld()
    const client = world.client()
    await client.send(async (session) => {
      session.data.cart = ['lamp']
      await session.login('ada')
    })
    const { session, commit } = await client.open()
    const error = await rejection(async () => call(session as unknown as Loose<Session<TestData>>))
    expect(error.code).toMatch(/^ERR_(OPTION|MISUSE)$/)
    expect(error.message).toContain(message)
    expect([session.userId, { ...session.data }]).toEqual(['ada', { cart: ['lamp'] }])
    await commit()
    expect((await client.send(({ userId, data }) => [userId, { ...data }])).value).toEqual(['ada', { cart: ['lamp'] }])
  })

  it('a device without a name is none', async () => {
    const client = createWorld().client()
    await client.send((session) => session.login('ada', { device: { name: null, ip: null } }))
    expect((await client.send((session) => session.device)).value).toBeNull()
  })
})
