import type { HeaderChange, Session } from 'sojourn'
import { deviceBound } from 'sojourn/guards/device-bound'
import { formTokens } from 'sojourn/guards/form-tokens'
import { expect, test } from 'vitest'
import { createWorld, edit, MINUTE, type RequestOptions, setCookiesOf, type TestData } from '../core/kit.ts'
import { createKey, offerOf, register, visit } from '../guards/device-browser.ts'

/** A session from the first visit to the logout. Returns every header, and every token that the client held. */
async function wholeLife() {
  const forms = formTokens()
  const world = createWorld<TestData>({ guards: [deviceBound(), forms] })
  const client = world.client()
  const headers: HeaderChange[] = []
  const tokens = new Set<string>()
  const act = async (request?: RequestOptions, handle?: (session: Session<TestData>) => unknown) => {
    const reply = await visit(client, request, handle)
    headers.push(...reply.headers)
    const token = client.token()
    if (token !== null) tokens.add(token)
    return reply
  }
  await act({}, (session) => forms.token(session))
  await act({}, edit({ cart: ['a lamp'] }))
  await act({ url: '/login' }, (session) => session.login('ada', { absolute: '30d' }))
  for (let minutes = 0; minutes < 80; minutes += 20) {
    world.clock.advance(20 * MINUTE)
    await act()
  }
  await act({}, (session) => session.reauthenticated())
  const offer = offerOf((await act()).headers)
  const key = createKey()
  const proof = key.sign({ jti: offer?.challenge, authorization: offer?.authorization }, { jwk: key.jwk })
  headers.push(...(await register(client, proof)).headers)
  await act({}, (session) => session.rotate())
  await act({ cookie: `${client.cookie()}; __Host-session=planted` })
  await act({}, (session) => session.logout())
  expect(world.eventsOf('renewed')).toHaveLength(1)
  return { headers, cookies: setCookiesOf(headers), tokens: [...tokens] }
}

test('cookies that a network attacker can force or read: none, because each has the __Host- prefix and Secure', async () => {
  const { cookies } = await wholeLife()
  const names = new Set(cookies.map((line) => line.split('=')[0]))
  expect([...names].sort()).toEqual(['__Host-form-tokens', '__Host-session', '__Host-session-bound'])
  for (const line of cookies) {
    const attributes = line.split('; ').slice(1)
    expect(attributes, line).toEqual(expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']))
    expect(line).not.toMatch(/; Domain=/i)
  }
})

test('the token is in Set-Cookie, and in no other header of any response', async () => {
  const { headers, tokens } = await wholeLife()
  expect(tokens.length).toBe(5)
  const others = headers.filter(({ name }) => name !== 'set-cookie')
  expect(others.length).toBeGreaterThan(10)
  for (const token of tokens) {
    expect(headers.some(({ value }) => value.includes(token))).toBe(true)
    for (const { value } of others) expect(value).not.toContain(token.slice(0, 20))
  }
})

test('no cookie holds data, the user, or a time: its value is random text', async () => {
  const { cookies } = await wholeLife()
  for (const line of cookies) {
    const [, value = ''] = /^[^=]+=([^;]*)/.exec(line) ?? []
    expect(value).toMatch(/^([\w-]{22}|[\w-]{43}|[\w-]{54})?$/)
    const decoded = Buffer.from(value, 'base64url').toString('latin1')
    for (const text of ['ada', 'lamp', 'cart', '2030', '1893']) expect(value + decoded).not.toContain(text)
  }
})

test('the application never sees the token: no member of the session contains it', async () => {
  const world = createWorld()
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const token = client.token() ?? ''
  const { value } = await client.send(async (session) => {
    const members = [
      'id',
      'userId',
      'methods',
      'device',
      'data',
      'createdAt',
      'expiresAt',
      'refused',
      'assurance',
    ] as const
    return JSON.stringify([members.map((member) => session[member]), await session.devices(), Reflect.ownKeys(session)])
  })
  expect(value).toContain('ada')
  expect(token).toHaveLength(54)
  expect(value).not.toContain(token.slice(0, 20))
  expect(value).not.toContain(token.slice(24))
})
