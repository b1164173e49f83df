import * as oauth from 'oauth4webapi'
import { tokenEndpoints } from 'sojourn/tokens/endpoints'
import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../core/kit.ts'
import { API, createTokensWorld, ISSUER, MAIL } from './tokens-kit.ts'

const SECRET = 'a-secret-of-the-service-with-32-characters'

function create() {
  const world = createTokensWorld({ clock: Date.now }, { clock: Object.assign(() => Date.now(), { advance() {} }) })
  return Object.assign(world, mount(world))
}

function mount(world: ReturnType<typeof createTokensWorld>) {
  const { handler } = tokenEndpoints(world.tokens, {
    clients: [
      { id: ISSUER },
      { id: 'app' },
      { id: 'api', secret: [SECRET, `${SECRET}-2`], introspects: API },
      { id: 'mail', secret: `${SECRET}-3`, introspects: MAIL },
    ],
    origins: ['https://app.example'],
  })
  const post = (path: string, form: Record<string, string> | string, headers: Record<string, string> = {}) =>
    handler(
      new Request(`${ISSUER}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(form),
      }),
    )
  const as: oauth.AuthorizationServer = {
    issuer: ISSUER,
    token_endpoint: `${ISSUER}/oauth/token`,
    revocation_endpoint: `${ISSUER}/oauth/revoke`,
    introspection_endpoint: `${ISSUER}/oauth/introspect`,
    jwks_uri: `${ISSUER}/.well-known/jwks.json`,
  }
  const options = {
    [oauth.customFetch]: (url: string, init: unknown) => handler(new Request(url, init as RequestInit)),
  }
  return { handler, post, as, options }
}

const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })
const API_AUTH = basic('api', SECRET)

describe('oauth4webapi, unmodified', () => {
  it('reads the metadata, refreshes, introspects, verifies as a resource server, and revokes', async () => {
    const world = create()
    const { as, options } = world
    const found = await oauth.processDiscoveryResponse(
      new URL(ISSUER),
      await oauth.discoveryRequest(new URL(ISSUER), { algorithm: 'oauth2', ...options }),
    )
    expect(found).toMatchObject(as)

    const client = await world.login()
    const app = { client_id: ISSUER }
    const refreshed = await oauth.processRefreshTokenResponse(
      found,
      app,
      await oauth.refreshTokenGrantRequest(found, app, oauth.None(), client.token() ?? '', {
        additionalParameters: { resource: API, scope: 'read' },
        ...options,
      }),
    )
    expect(refreshed).toMatchObject({ token_type: 'bearer', scope: 'read' })
    expect([299, 300]).toContain(refreshed.expires_in)

    const request = new Request(`${API}/orders`, { headers: { authorization: `Bearer ${refreshed.access_token}` } })
    const claims = await oauth.validateJwtAccessToken(found, request, API, options)
    expect(claims).toMatchObject({ sub: 'user-1', client_id: ISSUER, acr: 'aal2' })

    const api = { client_id: 'api' }
    const introspect = async () =>
      oauth.processIntrospectionResponse(
        found,
        api,
        await oauth.introspectionRequest(found, api, oauth.ClientSecretBasic(SECRET), refreshed.access_token, options),
      )
    expect(await introspect()).toMatchObject({
      active: true,
      sub: 'user-1',
      scope: 'read',
      aud: API,
      token_type: 'Bearer',
    })

    const revocation = await oauth.revocationRequest(found, app, oauth.None(), refreshed.refresh_token ?? '', options)
    await oauth.processRevocationResponse(revocation)
    expect(await introspect()).toEqual({ active: false })
  })
})

describe('refresh', () => {
  const grant = (token: string | null, more: Record<string, string> = {}) => ({
    grant_type: 'refresh_token',
    refresh_token: token ?? '',
    client_id: ISSUER,
    resource: API,
    ...more,
  })

  it.each([
    ['invalid_grant', {}, { refresh_token: 'x'.repeat(54) }],
    ['invalid_request', {}, { refresh_token: '' }],
    ['invalid_request', {}, { grant_type: '' }],
    ['unsupported_grant_type', {}, { grant_type: 'password' }],
    ['invalid_scope', {}, { scope: 'admin' }],
    ['invalid_target', {}, { resource: 'https://evil.example' }],
    ['invalid_client', {}, { client_id: 'nobody' }],
    ['invalid_client', {}, { client_id: '' }],
    ['invalid_client', {}, { client_id: 'api' }],
    ['invalid_client', basic('api', 'wrong'), { client_id: '' }],
    ['invalid_client', { authorization: 'Basic !' }, {}],
    ['invalid_client', { authorization: 'Bearer x' }, {}],
    ['invalid_client', API_AUTH, {}],
    ['invalid_request', { 'content-type': 'application/json' }, {}],
  ])('%s for %j %j', async (error, headers, more) => {
    const world = create()
    const client = await world.login()
    const response = await world.post('/oauth/token', grant(client.token(), more), headers as never)
    expect(await response.json()).toEqual({ error })
    expect(response.status).toBe(error === 'invalid_client' ? 401 : 400)
    expect(response.headers.get('cache-control')).toBe('no-store')
    if (error === 'invalid_client') expect(response.headers.get('www-authenticate')).toContain('Basic')
  })

  it('a parameter that is there twice, a body that is too large, and a GET are refused', async () => {
    const world = create()
    const client = await world.login()
    const form = new URLSearchParams(grant(client.token())).toString()
    expect((await world.post('/oauth/token', `${form}&client_id=app`)).status).toBe(400)
    expect((await world.post('/oauth/token', `${form}&more=${'x'.repeat(20_000)}`)).status).toBe(400)
    const get = await world.handler(new Request(`${ISSUER}/oauth/token?${form}`))
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('a session that is limited to one client is refused to another', async () => {
    const world = create()
    const client = await world.login()
    await client.send((session) => world.tokens.limit(session, { clientId: 'app' }))
    const other = await world.post('/oauth/token', grant(client.token()))
    expect(await other.json()).toEqual({ error: 'invalid_grant' })
    const own = await world.post('/oauth/token', grant(client.token(), { client_id: 'app' }))
    expect(own.status).toBe(200)
  })

  it('the store is down: 503 with Retry-After, and the token stays good', async () => {
    const world = create()
    const client = await world.login()
    await world.post('/oauth/token', grant('x'.repeat(54)))
    world.store.fail('read')
    const response = await world.post('/oauth/token', grant(client.token()))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await world.post('/oauth/token', grant(client.token()))).status).toBe(200)
  })

  it('pages of named origins may ask, with no credentials, and others may not', async () => {
    const world = create()
    const ask = (origin: string, method: string) =>
      world.handler(new Request(`${ISSUER}/oauth/token`, { method, headers: { origin } }))
    const good = await ask('https://app.example', 'OPTIONS')
    expect(good.status).toBe(204)
    expect(good.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(good.headers.get('access-control-allow-credentials')).toBeNull()
    expect(good.headers.get('vary')).toContain('Origin')
    const evil = await ask('https://evil.example', 'OPTIONS')
    expect(evil.headers.get('access-control-allow-origin')).toBeNull()
    expect(evil.headers.get('access-control-allow-methods')).toBeNull()
  })
})

describe('introspection (RFC 7662)', () => {
  async function ask(world: ReturnType<typeof create>, token: string, headers: Record<string, string> = API_AUTH) {
    const response = await world.post('/oauth/introspect', { token }, headers)
    return { status: response.status, text: await response.text() }
  }

  it('is byte for byte the same for everything that is not active', async () => {
    const world = create()
    const client = await world.login()
    const [good, mail] = [await world.issue(client), await world.issue(client, { audience: MAIL })]
    expect((await ask(world, good)).text).toContain('"active":true')
    await world.tokens.revoke(good)
    const texts = [good, mail, 'a.b.c', 'x', client.token() ?? '', `${good}x`]
    for (const text of texts) expect(await ask(world, text)).toEqual({ status: 200, text: '{"active":false}' })
  })

  it('asks who asks: 401 without a secret, with a wrong one, and for a client without the right', async () => {
    const world = create()
    const token = await world.issue(await world.login())
    expect((await ask(world, token, {})).status).toBe(401)
    expect((await ask(world, token, basic('api', `${SECRET}x`))).status).toBe(401)
    const response = await world.post('/oauth/introspect', { token, client_id: 'app' })
    expect(response.status).toBe(401)
  })

  it('shows the key that a token is bound to', async () => {
    const world = create()
    const token = await world.issue(await world.login(), { audience: API, confirmation: { jkt: 'thumb' } })
    expect(JSON.parse((await ask(world, token)).text)).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: 'thumb' },
    })
  })
})

describe('revocation (RFC 7009)', () => {
  it('is 200 for a token that is unknown, and ends nothing of another client', async () => {
    const world = create()
    const client = await world.login()
    await client.send((session) => world.tokens.limit(session, { clientId: 'app' }))
    const access = await world.issue(client)
    for (const token of ['x', 'a.b.c', access, client.token() ?? ''])
      expect((await world.post('/oauth/revoke', { token, client_id: ISSUER })).status).toBe(200)
    expect((await world.tokens.verify(access)).refusal).toBeNull()
    expect((await world.post('/oauth/revoke', { token: access, client_id: 'app' })).status).toBe(200)
    expect((await world.tokens.verify(access)).refusal).toBe('revoked')
    expect((await client.open()).session.userId).toBe('user-1')
    await world.post('/oauth/revoke', {
      token: client.token() ?? '',
      client_id: 'app',
      token_type_hint: 'access_token',
    })
    expect((await client.open()).session.userId).toBeNull()
  })
})

describe('what is public', () => {
  it('keys without private parts, metadata, and the list of ends, for every page', async () => {
    const world = create()
    const read = async (path: string) => world.handler(new Request(`${ISSUER}${path}`))
    const jwks = await read('/.well-known/jwks.json')
    expect(jwks.headers.get('content-type')).toBe('application/jwk-set+json')
    expect(jwks.headers.get('cache-control')).toBe('public, max-age=300')
    expect(jwks.headers.get('access-control-allow-origin')).toBe('*')
    expect(Object.keys(((await jwks.json()) as { keys: object[] }).keys[0] ?? {}).sort()).toEqual(
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'].sort(),
    )
    const list = await read('/.well-known/session-ends?since=abc')
    expect(list.headers.get('cache-control')).toBe('no-store')
    expect((await list.text()).split('.')).toHaveLength(3)
    expect((await read('/other')).status).toBe(404)
    expect((await world.post('/.well-known/jwks.json', {})).status).toBe(405)
  })

  it('the list names no user, and forgets what has expired', async () => {
    const world = createTokensWorld()
    const { handler } = mount(world)
    await world.login('ada@example.com')
    await world.sessions.passwordChanged('ada@example.com')
    await new Promise((resolve) => setTimeout(resolve, 5))
    const read = async () => {
      const text = await (await handler(new Request(`${ISSUER}/.well-known/session-ends`))).text()
      return JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString())
    }
    const list = await read()
    expect(JSON.stringify(list)).not.toContain('ada')
    expect([list.ended.split(' ').length, list.cuts.split(' ').length]).toEqual([1, 1])
    world.clock.advance(11 * MINUTE)
    await read()
    world.clock.advance(11 * MINUTE + SECOND)
    expect(await read()).toMatchObject({ ended: '', cuts: '' })
  })
})

it('wrong options are refused', () => {
  const { tokens } = createTokensWorld()
  for (const wrong of [
    { clients: [] },
    { clients: [{ id: 'a' }, { id: 'a' }] },
    { clients: [{ id: 'a', secret: 'short' }] },
    { clients: [{ id: 'a', secret: [] }] },
    { clients: [{ id: 'a', introspects: API }] },
    { clients: [{ id: 'a', secret: SECRET, introspects: 'https://other.example' }] },
    { clients: [{ id: 'a' }], path: 'oauth' },
  ])
    expect(() => tokenEndpoints(tokens, wrong as never), JSON.stringify(wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
})
