import { guardCases } from '@sojourn/conformance'
import { loginStatus } from 'sojourn/guards/login-status'
import { expect, test } from 'vitest'
import { createWorld, HOUR, headerOf, rejection } from '../core/kit.ts'
import { testCases } from '../support/run-cases.ts'

testCases('the contract of guards, loginStatus', guardCases, { createGuard: () => loginStatus() })

const worldOf = () => {
  const world = createWorld({ guards: [loginStatus()], timeouts: { idle: '1h' } })
  const client = world.client()
  const status = async (...args: Parameters<typeof client.send>) =>
    headerOf((await client.send(...args)).headers, 'set-login')
  return { ...world, client, status }
}

test('a login says logged-in, a request of the live session nothing, a logout logged-out', async () => {
  const { status } = worldOf()
  expect(await status(() => {})).toBeNull()
  expect(await status((session) => session.login('ada'))).toBe('logged-in')
  expect(await status((session) => session.userId)).toBeNull()
  expect(await status((session) => session.logout())).toBe('logged-out')
  expect(await status(() => {})).toBeNull()
})

test('the header of a logout comes beside Clear-Site-Data', async () => {
  const { client } = worldOf()
  await client.send((session) => session.login('ada'))
  const { headers } = await client.send((session) => session.logout({ clearSiteData: ['cache'] }))
  expect([headerOf(headers, 'set-login'), headerOf(headers, 'clear-site-data')]).toEqual(['logged-out', '"cache"'])
})

test.each([
  ['an administrator ended it', async (world) => void (await world.sessions.revokeAll('ada'))],
  ['the password changed', async (world) => void (await world.sessions.passwordChanged('ada'))],
  ['it expired', async (world) => world.clock.advance(2 * HOUR)],
  [
    'it expired and was swept',
    async (world) => {
      world.clock.advance(30 * HOUR)
      await world.sessions.sweep()
    },
  ],
] satisfies [string, (world: ReturnType<typeof worldOf>) => Promise<void>][])(
  'a session that ended on the server: the next request says logged-out, for %s',
  async (_, end) => {
    const world = worldOf()
    await world.status((session) => session.login('ada'))
    await end(world)
    expect(await world.status(() => {})).toBe('logged-out')
  },
)

test('a late response with the token from before a login does not say logged-out', async () => {
  const { client, sessions, status } = worldOf()
  await status((session) => {
    session.data.cart = 1
  })
  const before = client.cookie()
  expect(await status((session) => session.login('ada'))).toBe('logged-in')
  const late = await sessions.open({
    method: 'GET',
    url: '/',
    secure: true,
    peer: null,
    header: (name) => (name === 'cookie' ? before : name === 'host' ? 'shop.example' : null),
  })
  expect(headerOf(await late.commit(), 'set-login')).toBeNull()
})

test('a withheld session says nothing, for it is still live', async () => {
  const world = createWorld({
    guards: [
      loginStatus(),
      { name: 'office', opened: ({ view }) => (view.url === '/office' ? { withhold: true } : null) },
    ],
  })
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const { headers, value } = await client.send((session) => session.refused, { url: '/office' })
  expect([value, headerOf(headers, 'set-login')]).toEqual(['withheld', null])
})

test('fail closed: when the store cannot answer a logout, no header says logged-out', async () => {
  const world = worldOf()
  await world.status((session) => session.login('ada'))
  const exchange = await world.client.open()
  world.store.fail('end')
  await rejection(exchange.session.logout())
  expect(headerOf(exchange.salvage(), 'set-login')).toBeNull()
})
