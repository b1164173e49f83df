import { createLocalJWKSet, jwtVerify } from 'jose'
import { createSessions, memoryStore } from 'sojourn'
import { cookieCarrier } from 'sojourn/carriers/cookie'
import { createTokens, type Tokens, withAccessTokens } from 'sojourn/tokens'
import { describe, expect, it } from 'vitest'
import { createClient, createClock, MINUTE, rejection, SECOND, toView } from '../core/kit.ts'
import { API, bearer, createKey, createTokensWorld, ISSUER, key, MAIL } from './tokens-kit.ts'

describe('issue', () => {
  it.each(['EdDSA', 'ES256', 'RS256', 'PS256'] as const)('jose verifies what we sign with %s', async (alg) => {
    const world = createTokensWorld({ keys: [await createKey(alg)], claimsOf: () => ({ tenant: 'acme' }) })
    const text = await world.issue(await world.login(), {
      audience: API,
      scope: 'read',
      clientId: 'web',
      confirmation: { jkt: 'x' },
    })
    const jwks = await world.tokens.jwks()
    const { payload, protectedHeader } = await jwtVerify(text, createLocalJWKSet(jwks as never), {
      issuer: ISSUER,
      audience: API,
      typ: 'at+jwt',
      algorithms: [alg],
      currentDate: new Date(world.clock()),
      requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
    })
    const now = Math.floor(world.clock() / 1000)
    expect(protectedHeader).toEqual({ alg, typ: 'at+jwt', kid: 'one' })
    expect(payload).toMatchObject({
      sub: 'user-1',
      client_id: 'web',
      scope: 'read',
      tenant: 'acme',
      iat: now,
      exp: now + 300,
      auth_time: now,
      amr: ['pwd', 'otp'],
      acr: 'aal2',
      cnf: { jkt: 'x' },
    })
    expect((await world.sessions.list('user-1')).map(({ id }) => id)).toEqual([payload.sid])
    expect(JSON.stringify(jwks)).not.toMatch(/"(d|p|q|dp|dq|qi|k)":/)
  })

  it('tells what the token is', async () => {
    const world = createTokensWorld()
    const { token } = await world.tokens.verify(await world.issue(await world.login()))
    expect(token).toMatchObject({
      issuer: ISSUER,
      userId: 'user-1',
      clientId: ISSUER,
      audience: [API],
      scopes: ['read', 'write'],
      methods: ['pwd', 'otp'],
      assurance: 'aal2',
      confirmation: null,
    })
  })

  it('refuses what a session cannot have', async () => {
    const world = createTokensWorld()
    const client = await world.login()
    const issue = (wish?: object) => client.send((session) => world.tokens.issue(session, wish))
    await expect(issue()).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await expect(issue({ audience: 'https://other.example' })).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await expect(issue({ audience: API, scope: 'send' })).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await expect(issue({ audiance: API })).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await expect(world.client().send((session) => world.tokens.issue(session))).rejects.toMatchObject({
      code: 'ERR_NOT_AUTHENTICATED',
    })
    await expect(world.tokens.issue({} as never)).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await client.send((session) => session.logout())
    await expect(issue({ audience: API })).rejects.toMatchObject({ code: 'ERR_NOT_AUTHENTICATED' })
  })

  it('wrong options are refused', () => {
    const { sessions } = createTokensWorld()
    const good = { issuer: ISSUER, keys: [key], audiences: { [API]: {} } }
    for (const wrong of [
      { issuer: 'http://shop.example' },
      { keys: [] },
      { keys: [{ ...key, d: undefined }] },
      { keys: [{ kty: 'oct', k: 'secret' }] },
      { audiences: {} },
      { audiences: { [API]: { scopes: ['a b'] } } },
      { audiences: { [API]: { life: '2h' } } },
      { lifetime: '5m' },
    ])
      expect(() => createTokens(sessions, { ...good, ...wrong } as never), JSON.stringify(wrong)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }),
      )
  })
})

describe('refresh', () => {
  async function create(options = {}) {
    const world = createTokensWorld({}, options)
    const client = await world.login()
    const refresh = (token: string, wish: object = {}) => world.tokens.refresh(token, { audience: API, ...wish })
    const good = async (token: string) => {
      const refreshed = await refresh(token)
      if (refreshed.refusal !== null) throw new Error(refreshed.refusal)
      return refreshed
    }
    return { ...world, client, refresh, good, first: client.token() ?? '' }
  }

  it('makes an access token, and replaces the token of the session', async () => {
    const { good, tokens, first } = await create()
    const one = await good(first)
    expect((await tokens.verify(one.accessToken)).token?.userId).toBe('user-1')
    expect(one.refreshToken).not.toBe(first)
    const two = await good(one.refreshToken ?? '')
    expect(two.refreshToken).not.toBe(one.refreshToken)
    expect((await tokens.verify(one.accessToken)).refusal).toBeNull()
  })

  it('an answer that was lost does not log a phone out, within the grace and long after it', async () => {
    const { good, first, clock } = await create()
    // Every answer of these is lost, so the phone still has its first token.
    const lost = await good(first)
    clock.advance(30 * SECOND)
    const retried = await good(first)
    expect(retried.refreshToken).toBe(lost.refreshToken)
    clock.advance(20 * MINUTE)
    const late = await good(first)
    expect(late.refreshToken).toBe(lost.refreshToken)
    const next = await good(late.refreshToken ?? '')
    expect(next.refreshToken).not.toBe(late.refreshToken)
  })

  it('the answer to the second refresh is lost too', async () => {
    const { good, first, clock } = await create()
    const { refreshToken: second } = await good(first)
    const lost = await good(second ?? '')
    clock.advance(10 * MINUTE)
    expect((await good(second ?? '')).refreshToken).toBe(lost.refreshToken)
  })

  it('refreshes at the same time all get the same successor', async () => {
    const { good, first } = await create()
    const all = await Promise.all(Array.from({ length: 20 }, () => good(first)))
    expect(new Set(all.map(({ refreshToken }) => refreshToken)).size).toBe(1)
  })

  it('an old token within the grace gets an access token, and keeps what it has', async () => {
    const { good, first } = await create()
    await good((await good(first)).refreshToken ?? '')
    expect((await good(first)).refreshToken).toBeNull()
  })

  it('reuse of an old token after the grace is refused and reported, and the second time ends the family', async () => {
    const { good, refresh, first, clock, eventsOf, tokens } = await create()
    const { refreshToken: second, accessToken } = await good(first)
    const { refreshToken: third } = await good(second ?? '')
    clock.advance(3 * MINUTE)
    const { accessToken: latest } = await good(third ?? '')
    expect(await refresh(first)).toEqual({ refusal: 'reused' })
    expect(eventsOf('reuse')).toHaveLength(1)
    expect((await tokens.verify(accessToken)).refusal).toBeNull()
    clock.advance(2 * MINUTE + SECOND)
    expect(await refresh(first)).toEqual({ refusal: 'reused' })
    expect(await refresh(third ?? '')).toEqual({ refusal: 'ended' })
    expect((await tokens.verify(latest)).refusal).toBe('revoked')
  })

  it('an ended family is refused, its access tokens too', async () => {
    const { good, refresh, first, tokens, eventsOf } = await create()
    const { refreshToken, accessToken } = await good(first)
    expect(await tokens.revoke(refreshToken ?? '')).toBe(true)
    expect(await refresh(refreshToken ?? '')).toEqual({ refusal: 'ended' })
    expect(await refresh(first)).toEqual({ refusal: 'ended' })
    expect((await tokens.verify(accessToken)).refusal).toBe('revoked')
    expect(eventsOf('ended')).toHaveLength(1)
    expect(await tokens.revoke(refreshToken ?? '')).toBe(false)
  })

  it('the idle limit begins again, and the absolute one does not', async () => {
    const { refresh, good, first, clock } = await create({ timeouts: { idle: '10m', absolute: '1h' } })
    let token = first
    for (let minutes = 0; minutes < 56; minutes += 8) {
      token = (await good(token)).refreshToken ?? ''
      clock.advance(8 * MINUTE)
    }
    clock.advance(5 * MINUTE)
    expect(await refresh(token)).toEqual({ refusal: 'expired' })
  })

  it('texts that are no token are refused without a read of the store', async () => {
    const { refresh, store } = await create()
    await refresh('')
    const before = store.calls.length
    for (const text of ['', 'x', '%00', 'a'.repeat(1e6), undefined, null, 7, {}])
      expect(await refresh(text as never)).toEqual({ refusal: 'malformed' })
    expect(store.calls.length).toBe(before)
  })

  it('a guard that withholds the session withholds its access tokens', async () => {
    const guard = { name: 'no', opened: () => ({ answer: { status: 403, reason: 'no', message: 'No.' } }) }
    const world = createTokensWorld()
    const client = await world.login()
    const guarded = world.node({ guards: [guard] as never })
    const tokens = createTokens(guarded, { issuer: ISSUER, keys: [key], audiences: { [API]: {} }, clock: world.clock })
    expect(await tokens.refresh(client.token() ?? '')).toEqual({ refusal: 'withheld' })
  })

  it('an anonymous session has no access tokens', async () => {
    const world = createTokensWorld()
    const client = world.client()
    await client.send((session) => {
      session.data.cart = [1]
    })
    expect(await world.tokens.refresh(client.token() ?? '', { audience: API })).toEqual({ refusal: 'anonymous' })
  })

  it('sealed sessions are refreshed, and keep their data', async () => {
    const world = createTokensWorld({}, { sealed: true })
    const client = await world.login()
    await client.send((session) => {
      session.data.cart = ['tea']
    })
    const one = await world.tokens.refresh(client.token() ?? '', { audience: API })
    if (one.refusal !== null) throw new Error(one.refusal)
    const two = await world.tokens.refresh(one.refreshToken ?? '', { audience: API })
    if (two.refusal !== null) throw new Error(two.refusal)
    const { session } = await world.sessions.open(toView({ cookie: `__Host-session=${two.refreshToken}` }))
    expect(session.data.cart).toEqual(['tea'])
  })

  it('rejects if the store is down, and the client keeps its token', async () => {
    const world = createTokensWorld()
    const client = await world.login()
    await world.tokens.refresh('x'.repeat(54))
    world.store.fail('read')
    expect(await rejection(world.tokens.refresh(client.token() ?? '', { audience: API }))).toMatchObject({
      code: 'ERR_STORE',
    })
  })
})

describe('withAccessTokens', () => {
  function create(reads?: 'record' | 'nothing') {
    const clock = createClock()
    const sessions = createSessions({
      store: memoryStore(),
      clock,
      carriers: [withAccessTokens(bearer(), () => tokens, { audience: API, ...(reads && { reads }) }), cookieCarrier()],
    })
    const tokens: Tokens = createTokens(sessions, {
      issuer: ISSUER,
      keys: [key],
      audiences: { [API]: {}, [MAIL]: {} },
      clock,
    })
    const open = async (token: string) =>
      (await sessions.open(toView({ headers: { authorization: `Bearer ${token}` } }))).session
    return { clock, sessions, tokens, open }
  }

  it.each(['record', 'nothing'] as const)('opens the session of an access token, reading %s', async (reads) => {
    const { sessions, tokens, open } = create(reads)
    const client = createClient(sessions)
    await client.send((session) => session.login('user-1'))
    const { value } = await client.send((session) => tokens.issue(session, { audience: API }))
    const session = await open(value.accessToken)
    expect(session.userId).toBe('user-1')
    // A token does not lead to another, with more rights.
    await expect(tokens.issue(session, { audience: API })).rejects.toMatchObject({ code: 'ERR_VOUCHED' })
    await expect(tokens.limit(session, {})).rejects.toMatchObject({ code: 'ERR_VOUCHED' })
    await client.send((each) => each.logout())
    const after = await open(value.accessToken)
    expect([after.userId, after.refused]).toEqual([null, 'ended'])
  })

  it('refuses tokens for another service, and forged ones', async () => {
    const { sessions, tokens, open } = create()
    const client = createClient(sessions)
    await client.send((session) => session.login('user-1'))
    const { value } = await client.send((session) => tokens.issue(session, { audience: MAIL }))
    // The issuer made it, so it does not count as a guess.
    expect((await open(value.accessToken)).refused).toBe('withheld')
    const [header, payload] = value.accessToken.split('.')
    expect((await open(`${header}.${payload}.${'A'.repeat(86)}`)).refused).toBe('forged')
    expect((await open('a.b.c')).refused).toBe('malformed')
    expect((await open(client.token() ?? '')).userId).toBe('user-1')
  })
})
