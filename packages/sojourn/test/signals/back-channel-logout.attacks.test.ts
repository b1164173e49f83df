import { exportSPKI, generateKeyPair } from 'jose'
import { memoryStore, type Store } from 'sojourn'
import { describe, expect, it, vi } from 'vitest'
import { rejection } from '../core/kit.ts'
import { createLogoutWorld, EVENTS, type LogoutWorld, startIssuer } from './logout-kit.ts'
import { breakingBody } from './signals-kit.ts'

const provider = await startIssuer()
const other = await startIssuer()
const providers = [
  { issuer: provider.issuer, clientId: 'shop' },
  { issuer: other.issuer, clientId: 'shop' },
]
const create = (options = {}) => createLogoutWorld(provider, { options: { providers, ...options } })

/** Posts what an attacker made, and expects that the victim stays logged in. */
async function expectRefused(
  world: LogoutWorld,
  request: (world: LogoutWorld) => Promise<Response>,
  reason: string,
  status = 400,
): Promise<void> {
  const victim = await world.login('user-1', { sub: 'ada', sid: 'one' })
  const response = await request(world)
  expect(world.refusals.at(-1)?.reason).toBe(reason)
  expect(response.status).toBe(status)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toMatchObject({ error: 'invalid_request' })
  expect(await world.isLoggedIn(victim)).toBe(true)
}

const victim = { sub: 'ada', sid: 'one' }
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('an attacker who wants to log users out', () => {
  it('forges a token with a key of their own', async () => {
    const { privateKey } = await generateKeyPair('RS256')
    await expectRefused(
      create(),
      async (world) => world.post(await provider.sign(world.claims(victim), {}, privateKey)),
      'signature',
    )
  })

  it('changes a claim of a good token', async () => {
    await expectRefused(
      create(),
      async (world) => {
        const [head, , signature] = (await provider.sign(world.claims({ sub: 'bob' }))).split('.')
        return world.post([head, encode(world.claims(victim)), signature].join('.'))
      },
      'signature',
    )
  })

  it.each(['none', 'None', 'nOnE'])('sends alg: %s without a signature', async (alg) => {
    await expectRefused(
      create(),
      (world) => world.post(`${encode({ alg, typ: 'logout+jwt' })}.${encode(world.claims(victim))}.`),
      'algorithm',
    )
  })

  it('signs HS256 with the public key', async () => {
    const { publicKey } = await generateKeyPair('RS256')
    const secret = new TextEncoder().encode(await exportSPKI(publicKey))
    const header = { alg: 'HS256' }
    await expectRefused(
      create(),
      async (world) => world.post(await provider.sign(world.claims(victim), header, secret)),
      'algorithm',
    )
  })

  it('brings the key in the header', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    const { exportJWK } = await import('jose')
    const header = { jwk: await exportJWK(publicKey), jku: `${other.issuer}/keys` } as object
    const before = other.requests.length
    await expectRefused(
      create(),
      async (world) => world.post(await provider.sign(world.claims(victim), header, privateKey)),
      'signature',
    )
    expect(other.requests).toHaveLength(before)
  })

  it('signs in the name of another provider with a key of their own provider', async () => {
    await expectRefused(create(), async (world) => world.post(await other.sign(world.claims(victim))), 'signature')
  })

  it('names an issuer that nobody configured', async () => {
    const before = provider.requests.length
    const iss = 'https://attacker.example'
    await expectRefused(
      create(),
      async (world) => world.post(await provider.sign(world.claims({ ...victim, iss }))),
      'issuer',
    )
    expect(provider.requests).toHaveLength(before)
  })

  it('sends the token of another client', async () => {
    await expectRefused(create(), (world) => world.logout({ ...victim, aud: 'blog' }), 'audience')
    await expectRefused(create(), (world) => world.logout({ ...victim, aud: ['blog', 'wiki'] }), 'audience')
    await expectRefused(create(), (world) => world.logout({ ...victim, aud: undefined }), 'audience')
  })

  it('uses an ID token as a logout token', async () => {
    const id = { events: undefined, nonce: 'n-1', jti: undefined, ...victim }
    const send = async (world: LogoutWorld) => world.post(await provider.sign(world.claims(id), { typ: 'JWT' }))
    await expectRefused(create(), send, 'type')
    const lax = { providers: [{ issuer: provider.issuer, clientId: 'shop', insecureAnyType: true }] }
    await expectRefused(create(lax), send, 'nonce')
  })

  it('uses an access token as a logout token', async () => {
    const lax = { providers: [{ issuer: provider.issuer, clientId: 'shop', insecureAnyType: true }] }
    const send = async (world: LogoutWorld) => world.post(await provider.sign(world.claims(victim), { typ: 'at+jwt' }))
    await expectRefused(create(), send, 'type')
    await expectRefused(create(lax), send, 'type')
  })

  it('sends a token with a nonce', async () => {
    await expectRefused(create(), (world) => world.logout({ ...victim, nonce: 'n-1' }), 'nonce')
    await expectRefused(create(), (world) => world.logout({ ...victim, nonce: null }), 'nonce')
  })

  it.each([
    ['no events', undefined],
    ['another event', { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} }],
    ['an event that is no object', { [Object.keys(EVENTS)[0] ?? '']: 'yes' }],
    ['a list of events', Object.keys(EVENTS)],
    ['an inherited event', 'constructor'],
  ])('sends a token with %s', async (_, events) => {
    await expectRefused(create(), (world) => world.logout({ ...victim, events }), 'event')
  })

  it.each([
    ['neither sub nor sid', { sub: undefined, sid: undefined }],
    ['an empty sub', { sub: '' }],
    ['a sid that is no text', { sub: 'ada', sid: 7 }],
    ['no jti', { sub: 'ada', jti: undefined }],
  ])('sends a token with %s', async (_, claims) => {
    await expectRefused(create(), (world) => world.logout({ ...claims }), 'claims')
  })

  it('sends an old token, one that has expired, and one from the future', async () => {
    const now = Math.floor(create().clock() / 1000)
    await expectRefused(create(), (world) => world.logout({ ...victim, iat: now - 361, exp: now + 9999 }), 'time')
    await expectRefused(create(), (world) => world.logout({ ...victim, iat: now - 200, exp: now - 61 }), 'time')
    await expectRefused(create(), (world) => world.logout({ ...victim, iat: now + 61, exp: now + 120 }), 'time')
    await expectRefused(create(), (world) => world.logout({ ...victim, exp: undefined }), 'time')
    await expectRefused(create(), (world) => world.logout({ ...victim, iat: undefined }), 'time')
  })

  it('replays a token after the user has logged in again', async () => {
    const world = create()
    await world.login('user-1', { sub: 'ada' })
    const token = await provider.sign(world.claims({ sub: 'ada' }))
    expect((await world.post(token)).status).toBe(200)
    world.clock.advance(1000)
    const again = await world.login('user-1', { sub: 'ada' })
    expect((await world.post(token)).status).toBe(200)
    expect(await world.isLoggedIn(again)).toBe(true)
    world.clock.advance(600_000)
    expect((await world.post(token)).status).toBe(400)
  })

  it('delivers a token late, after the user has logged in again', async () => {
    const world = create()
    const late = await provider.sign(world.claims({ sub: 'ada' }))
    world.clock.advance(1000)
    const again = await world.login('user-1', { sub: 'ada' })
    expect((await world.post(late)).status).toBe(200)
    expect(await world.isLoggedIn(again)).toBe(true)
  })

  it('replays a token and costs the store one read', async () => {
    const world = create()
    const token = await provider.sign(world.claims({ sub: 'ada' }))
    await world.post(token)
    const before = world.store.calls.length
    await world.post(token)
    expect(world.store.calls.slice(before).map(({ operation }) => operation)).toEqual(['read'])
  })

  it('sends the sid of another user of their provider', async () => {
    const world = create()
    const victim = await world.login('user-1', { sub: 'ada', sid: 'one' })
    expect((await world.logout({ sub: 'mallory', sid: 'one' })).status).toBe(200)
    expect(await world.isLoggedIn(victim)).toBe(true)
  })

  it('sends the sid and the sub of a user of another provider', async () => {
    const world = create()
    const victim = await world.login('user-1', { sub: 'ada', sid: 'one' })
    for (const claims of [{ sub: 'ada', sid: 'one' }, { sub: 'ada' }, { sid: 'one' }]) {
      const token = await other.sign(world.claims({ ...claims, iss: other.issuer }))
      expect((await world.post(token)).status).toBe(200)
    }
    expect(await world.isLoggedIn(victim)).toBe(true)
  })

  it('sends a body of a megabyte, and it is not read to its end', async () => {
    const pulled = vi.fn()
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled()
        controller.enqueue(new Uint8Array(16_384).fill(97))
        if (pulled.mock.calls.length === 64) controller.close()
      },
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    await expectRefused(
      create(),
      (world) => world.post('', { body, headers, duplex: 'half' } as RequestInit),
      'too-large',
      413,
    )
    expect(pulled.mock.calls.length).toBeLessThan(6)
  })

  it('sends JSON in place of a form', async () => {
    await expectRefused(
      create(),
      async (world) => {
        const body = JSON.stringify({ logout_token: await provider.sign(world.claims(victim)) })
        return world.post('', { body, headers: { 'content-type': 'application/json' } })
      },
      'content-type',
    )
  })

  it.each([
    ['no token', ''],
    ['two tokens', 'logout_token=a.b.c&logout_token=a.b.c'],
    ['no JWT', 'logout_token=hello'],
    ['an encrypted token', 'logout_token=a.b.c.d.e'],
    ['broken bytes', 'logout_token=%ff%fe.%00.%00'],
  ])('sends %s', async (_, body) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    await expectRefused(create(), (world) => world.post('', { body, headers }), 'malformed')
  })

  it('opens the endpoint with a GET, as a picture on a page of theirs would', async () => {
    await expectRefused(
      create(),
      async (world) =>
        world.atProvider.handler(
          new Request(`https://shop.example/?logout_token=${await provider.sign(world.claims(victim))}`),
        ),
      'method',
      405,
    )
  })

  it('sends a thousand tokens with unknown keys, and the provider gets one request', async () => {
    const world = create()
    expect((await world.logout({ sub: 'bob' })).status).toBe(200)
    const before = provider.requests.length
    const token = await provider.sign(world.claims(victim), { kid: 'made-up' })
    for (let index = 0; index < 1000; index++) expect((await world.post(token)).ok).toBe(false)
    expect(provider.requests.length - before).toBeLessThanOrEqual(1)
    // An alarm about an outage must not be theirs to raise.
    expect(new Set(world.refusals.map(({ reason }) => reason))).toEqual(new Set(['signature']))
    expect(world.store.calls.filter(({ operation }) => operation === 'create')).toHaveLength(2)
  })

  it('puts what they want into the refusal, and it is not there', async () => {
    const world = create()
    const response = await world.logout({ iss: 'https://evil.example/<script>' })
    expect(await response.text()).not.toContain('evil')
    expect(world.refusals).toEqual([{ reason: 'issuer', issuer: null }])
  })
})

describe('a user who logs out at the provider while a login runs', () => {
  it.each([
    ['of all sessions', { sub: 'ada' }],
    ['of this session', { sub: 'ada', sid: 'one' }],
    ['with a sid only', { sid: 'one' }],
  ])('is not logged in by it: a logout %s', async (_, claims) => {
    const world = create()
    const iat = Math.floor(world.clock() / 1000)
    world.clock.advance(2000)
    await world.logout(claims)
    const client = world.client()
    const { value } = await client.send((session) =>
      rejection(world.atProvider.login(session, 'user-1', { iss: provider.issuer, sub: 'ada', sid: 'one', iat })),
    )
    expect(value.code).toBe('ERR_LOGIN_REFUSED')
    expect(await world.isLoggedIn(client)).toBe(false)
    expect(await world.sessions.list('user-1')).toEqual([])
  })

  it('can log in again after that', async () => {
    const world = create()
    await world.logout({ sub: 'ada' })
    world.clock.advance(1000)
    expect(await world.isLoggedIn(await world.login('user-1', { sub: 'ada', sid: 'two' }))).toBe(true)
  })

  it('is logged out whichever of the two stores first', async () => {
    for (let turn = 0; turn < 12; turn++) {
      const inner = memoryStore()
      let left = turn
      // Lets the logout run before this call of the login.
      const pausing =
        (call: (...args: never[]) => unknown) =>
        async (...args: never[]) => {
          if (left-- === 0) {
            left = -1
            await world.logout({ sub: 'ada', sid: 'one' })
          }
          return call(...args)
        }
      const { read, create: add, write } = inner
      const store = { ...inner, read: pausing(read), create: pausing(add), write: pausing(write) } as Store
      const world = createLogoutWorld(provider, { world: { store } })
      const client = world.client()
      const iat = Math.floor(world.clock() / 1000)
      await client.send((session) =>
        world.atProvider
          .login(session, 'user-1', { iss: provider.issuer, sub: 'ada', sid: 'one', iat })
          .catch(() => undefined),
      )
      if (left >= 0) continue
      expect(await world.isLoggedIn(client), `turn ${turn}`).toBe(false)
    }
  })
})

describe('when something is down', () => {
  it('the store: 503, and the provider can try again with the same token', async () => {
    const world = create()
    const client = await world.login('user-1', { sub: 'ada', sid: 'one' })
    const token = await provider.sign(world.claims(victim))
    world.store.fail('end')
    const response = await world.post(token)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(world.refusals).toMatchObject([{ reason: 'unavailable', error: { code: 'ERR_STORE' } }])
    expect((await world.post(token)).status).toBe(200)
    expect(await world.isLoggedIn(client)).toBe(false)
  })

  it('the keys of the provider: 503, and not asked again at once', async () => {
    const fresh = await startIssuer()
    const world = createLogoutWorld(fresh)
    const { keys } = fresh
    fresh.keys = null
    for (let index = 0; index < 5; index++) expect((await world.logout({ sub: 'ada' })).status).toBe(503)
    expect(fresh.requests.length).toBeLessThanOrEqual(2)
    fresh.keys = keys
    world.clock.advance(5000)
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
  })

  it.each<[string, () => unknown]>([
    ['throws', () => raise()],
    ['rejects', async () => raise()],
  ])('a function refused that %s: the provider gets its answer, and no process ends', async (_, refused) => {
    const world = create({ refused })
    expect((await world.logout({ nonce: 'x' })).status).toBe(400)
  })

  function raise(): never {
    throw new Error('log is full')
  }

  it('the connection of the provider, in the middle of a token: 503', async () => {
    const world = create()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const response = await world.post('', { body: breakingBody(), headers, duplex: 'half' } as RequestInit)
    expect(response.status).toBe(503)
    expect(world.refusals).toMatchObject([{ reason: 'unavailable', issuer: null }])
  })
})

describe('the keys of the provider', () => {
  it('are read when a new one signs, and a signature of the old one still counts', async () => {
    const fresh = await startIssuer()
    const world = createLogoutWorld(fresh)
    const old = await fresh.sign(world.claims({ sub: 'bob' }))
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
    await fresh.addKey('ES256')
    world.clock.advance(6000)
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
    expect((await world.post(old)).status).toBe(200)
    expect(fresh.requests.filter((path) => path === '/keys')).toHaveLength(2)
  })

  it('are all tried if a token does not name one', async () => {
    const fresh = await startIssuer()
    await fresh.addKey('RS256')
    const world = createLogoutWorld(fresh)
    expect((await world.post(await fresh.sign(world.claims({ sub: 'ada' }), { kid: undefined as never }))).status).toBe(
      200,
    )
    const { privateKey } = await generateKeyPair('RS256')
    world.clock.advance(6000)
    expect(
      (await world.post(await fresh.sign(world.claims({ sub: 'ada' }), { kid: undefined as never }, privateKey)))
        .status,
    ).toBe(400)
  })

  it('are new moments after they were read: 503, so that the provider tries again, and then the logout counts', async () => {
    const fresh = await startIssuer()
    const world = createLogoutWorld(fresh)
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
    await fresh.addKey()
    const token = await fresh.sign(world.claims({ sub: 'ada' }))
    const response = await world.post(token)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    world.clock.advance(6000)
    expect((await world.post(token)).status).toBe(200)
  })

  it('move to another address, and are found there', async () => {
    const fresh = await startIssuer()
    const world = createLogoutWorld(fresh)
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
    fresh.keysAt = '/moved'
    await fresh.addKey()
    world.clock.advance(6000)
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
  })

  it.each([
    ['without a name', undefined],
    ['with the name of the one before', 'key-0'],
  ])('are one key %s, which is replaced: the logout counts', async (_, kid) => {
    const fresh = await startIssuer()
    const world = createLogoutWorld(fresh)
    const named = () => fresh.keys?.splice(0, 9, ...fresh.keys.slice(-1).map((key) => ({ ...key, kid: kid as never })))
    const logout = async () => world.post(await fresh.sign(world.claims({ sub: 'ada' }), { kid: kid as never }))
    named()
    expect((await logout()).status).toBe(200)
    await fresh.addKey()
    named()
    expect((await logout()).status).toBe(503)
    world.clock.advance(6000)
    expect((await logout()).status).toBe(200)
  })

  it('are not looked for where an error page says', async () => {
    const fresh = await startIssuer()
    fresh.status = 500
    const world = createLogoutWorld(fresh)
    expect((await world.logout({ sub: 'ada' })).status).toBe(503)
    expect(fresh.requests).toEqual(['/.well-known/openid-configuration'])
    expect(String(world.refusals[0]?.error)).toContain('500')
  })

  it('come from the URL that is configured, without discovery', async () => {
    const fresh = await startIssuer()
    const providers = [{ issuer: fresh.issuer, clientId: 'shop', jwksUri: `${fresh.issuer}/keys` }]
    const world = createLogoutWorld(fresh, { options: { providers } })
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
    expect(fresh.requests).toEqual(['/keys'])
  })
})

describe('a provider from before 2022', () => {
  it('sends no typ and no exp, and is accepted where that is allowed', async () => {
    const old = { issuer: provider.issuer, clientId: ['blog', 'shop'], insecureAnyType: true, insecureNoExpiry: true }
    const world = create({ providers: [old] })
    const client = await world.login('user-1', { sub: 'ada', sid: 'one' })
    const claims = world.claims({ ...victim, exp: undefined })
    expect((await world.post(await provider.sign(claims, { typ: undefined as never }))).status).toBe(200)
    expect(await world.isLoggedIn(client)).toBe(false)
    world.clock.advance(361_000)
    expect(
      (await world.post(await provider.sign({ ...claims, jti: 'next' }, { typ: undefined as never }))).status,
    ).toBe(400)
  })
})
