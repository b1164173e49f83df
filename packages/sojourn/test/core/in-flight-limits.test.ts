import { memoryStore, type StoreEvent } from 'sojourn'
import { expect, it } from 'vitest'
import { createWorld, HOUR, look, MINUTE, rejection, SECOND, stayFor } from './kit.ts'

async function loggedIn(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send((session) => session.login('ada'))
  return { world, client }
}

it('6 Two clocks: a request open across the idle limit does not bring the session back', async () => {
  const { world, client } = await loggedIn()
  world.clock.advance(30 * MINUTE - SECOND)
  const slow = await client.open()
  world.clock.advance(10 * MINUTE)
  expect((await client.send(look)).value.refused).toBe('expired')
  await slow.commit()
  expect((await client.send(look)).value.refused).toBe('expired')
})

it('6 Two clocks: edits of a request open across the idle limit are reported as refused, with the reason', async () => {
  const { world, client } = await loggedIn()
  const slow = await client.open()
  world.clock.advance(31 * MINUTE)
  Object.assign(slow.session.data, { late: true })
  await slow.commit()
  expect(world.eventsOf('refused')).toMatchObject([{ id: slow.session.id, reason: 'expired' }])
})

it.each(['rotate', 'reauthenticated'] as const)(
  '6 Two clocks: %s across the absolute limit revives nothing',
  async (verb) => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, 12 * HOUR - MINUTE)
    const { session } = await client.open()
    world.clock.advance(2 * MINUTE)
    expect((await rejection(session[verb]())).code).toBe('ERR_SESSION_ENDED')
  },
)

it('6 Two clocks: a session with a short limit of its own lives while it is used', async () => {
  const world = createWorld({ timeouts: { idle: '1h', touch: '10m' } })
  const client = world.client()
  await client.send((session) => session.login('ada', { idle: '5m' }))
  for (let i = 0; i < 40; i++) {
    world.clock.advance(30 * SECOND)
    expect((await client.send(look)).value.userId).toBe('ada')
  }
})

it('5 a rotation that is too late for the response leaves the old token good', async () => {
  const { world, client } = await loggedIn()
  const { session, salvage } = await client.open()
  const gate = world.store.hold('write')
  const late = rejection(session.rotate())
  await gate.reached
  client.receive(salvage())
  gate.release()
  expect((await late).code).toBe('ERR_HEADERS_SENT')
  world.clock.advance(3 * MINUTE)
  expect((await client.send(look)).value.userId).toBe('ada')
})

it('5 a token that a failover forgot raises no alarm', async () => {
  let tell = (_: StoreEvent): void => {}
  const observe = (listener: (event: StoreEvent) => void) => {
    tell = listener
    return () => {}
  }
  const store = { ...memoryStore(), observe }
  const world = createWorld({ store })
  const sessions = world.node({ store })
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const token = client.token() ?? ''
  const forgotten = token.slice(0, -12) + (token.at(-12) === 'A' ? 'B' : 'A') + token.slice(-11)
  tell({ name: 'memory', kind: 'failover' })
  expect(world.eventsOf('store')).toMatchObject([{ type: 'store', name: 'memory', kind: 'failover' }])
  const view = { method: 'GET', url: '/', secure: true, peer: null }
  const header = (name: string) => (name === 'cookie' ? `__Host-session=${forgotten}` : null)
  const { session } = await sessions.open({ ...view, header })
  expect(session.refused).toBe('superseded')
  expect(world.eventsOf('reuse')).toEqual([])
})

it.each(['rotate', 'reauthenticated'] as const)(
  '5 %s whose stored answer was lost goes on, and its token reaches the client',
  async (verb) => {
    const { world, client } = await loggedIn()
    const before = client.cookie()
    world.store.fail('write', { when: 'after' })
    await client.send((session) => session[verb]())
    expect(client.cookie()).not.toBe(before)
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  },
)

it.each(['rotate', 'reauthenticated'] as const)(
  '5 %s that the store did not do rejects, and the old token stays good',
  async (verb) => {
    const { world, client } = await loggedIn()
    world.store.fail('write')
    const exchange = await client.open()
    expect((await rejection(exchange.session[verb]())).code).toBe('ERR_STORE')
    client.receive(exchange.salvage())
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  },
)

it.each([
  [2 * MINUTE - 1, undefined],
  [2 * MINUTE, 'ERR_SESSION_ENDED'],
])('1 Ended is ended: a login %i ms after the request began, with a parallel login meanwhile: %s', async (ms, code) => {
  const { world, client } = await loggedIn()
  const { session } = await client.open()
  await client.send((other) => other.login('ada'))
  world.clock.advance(ms)
  const error = await session.login('ada').then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect((error as { code?: string } | null)?.code).toBe(code)
})
