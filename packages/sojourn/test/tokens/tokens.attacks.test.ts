import { exportSPKI, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../core/kit.ts'
import { API, createKey, createTokensWorld, encode, foreignKey, hmac, key, MAIL, sign, signRaw } from './tokens-kit.ts'

const world = createTokensWorld()
const { tokens } = world
const verify = async (text: string, audience = API) => (await tokens.verify(text, { audience })).refusal
const good = await sign(world.claims())

it('a good token is accepted, so that the refusals below mean something', async () => {
  expect(await verify(good)).toBeNull()
})

describe('the sender chooses the algorithm', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', 'none ', '', 'noneES256'])(
    'alg %j is refused, signed or not',
    async (alg) => {
      const [, payload = '', signature = ''] = good.split('.')
      const header = encode({ alg, typ: 'at+jwt', kid: 'one' })
      expect(await verify(`${header}.${payload}.`)).toBe('malformed')
      expect(['algorithm', 'malformed']).toContain(await verify(`${header}.${payload}.${signature}`))
      expect(['algorithm', 'malformed']).toContain(await verify(`${header}.${payload}.${encode('x')}`))
    },
  )

  it.each(['HS256', 'HS384', 'HS512'])(
    '%s with the public key as its secret (key confusion) is refused',
    async (alg) => {
      const { keys } = await tokens.jwks()
      const publicKey = await importJWK({ ...keys[0] } as never, 'ES256', { extractable: true })
      for (const secret of [await exportSPKI(publicKey as never), JSON.stringify(keys[0]), '']) {
        expect(await verify(hmac({ alg, typ: 'at+jwt', kid: 'one' }, world.claims(), secret))).toBe('algorithm')
      }
    },
  )

  it.each(['ES384', 'EdDSA', 'RS256', 'PS256', 'RS1', 'dir', 7, null, {}])(
    'alg %j on a signature of ES256 is refused',
    async (alg) => {
      const [, payload = '', signature = ''] = good.split('.')
      const text = `${encode({ alg, typ: 'at+jwt', kid: 'one' })}.${payload}.${signature}`
      expect(['algorithm', 'signature', 'malformed']).toContain(await verify(text))
    },
  )

  it('a key of RSA for PS256 does not verify RS256', async () => {
    const rsa = await createKey('PS256', 'rsa')
    const own = createTokensWorld({ keys: [rsa] })
    expect((await own.tokens.verify(await sign(own.claims(), {}, rsa))).refusal).toBeNull()
    const { refusal } = await own.tokens.verify(await sign(own.claims(), {}, { ...rsa, alg: 'RS256' }))
    expect(refusal).toBe('signature')
  })
})

describe('the sender chooses the key', () => {
  it.each([
    '../../../../dev/null',
    '/proc/self/environ',
    "' UNION SELECT 'secret' --",
    '__proto__',
    'constructor',
    'toString',
    'http://127.0.0.1/keys',
    'one\u0000',
    'ONE',
  ])('kid %j finds no key', async (kid) => {
    expect(await verify(await sign(world.claims(), { kid }))).toBe('signature')
  })

  it.each([['k'.repeat(257)], [''], [7], [null], [{}], [['one']]])('kid %j is malformed', async (kid) => {
    expect(
      await verify(await signRaw(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid }), JSON.stringify(world.claims()))),
    ).toBe('malformed')
  })

  it.each(['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip', 'cty'])(
    'a header %s is refused before any key is looked up',
    async (name) => {
      const { d: _, ...publicKey } = foreignKey
      const header = {
        alg: 'ES256',
        typ: 'at+jwt',
        kid: 'one',
        [name]: name === 'jwk' ? publicKey : 'https://evil.example/keys',
      }
      expect(await verify(await signRaw(JSON.stringify(header), JSON.stringify(world.claims()), foreignKey))).toBe(
        'malformed',
      )
      expect(await verify(await signRaw(JSON.stringify(header), JSON.stringify(world.claims())))).toBe('malformed')
    },
  )

  it('b64=false and an unknown crit are refused with a good signature', async () => {
    for (const more of [{ crit: ['b64'], b64: false }, { crit: ['exp'] }, { crit: [] }]) {
      const header = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'one', ...more })
      expect(await verify(await signRaw(header, JSON.stringify(world.claims())))).toBe('malformed')
    }
  })

  it('a foreign key with our key id is refused', async () => {
    expect(await verify(await sign(world.claims(), {}, foreignKey))).toBe('signature')
  })
})

describe('the text is not one token', () => {
  it('is too long', async () => {
    expect(await verify(await sign({ ...world.claims(), more: 'x'.repeat(8200) }))).toBe('malformed')
    expect(await verify(`${'a'.repeat(1_000_000)}.b.c`)).toBe('malformed')
  })

  it('is a JWE, a nested token, JSON, or has parts in another number', async () => {
    const [header = '', payload = '', signature = ''] = good.split('.')
    const jwe = `${encode({ alg: 'dir', enc: 'A256GCM' })}..${encode('iv')}.${encode('text')}.${encode('tag')}`
    const json = JSON.stringify({ protected: header, payload, signature })
    const nested = await signRaw(
      JSON.stringify({ alg: 'ES256', typ: 'at+jwt', cty: 'JWT', kid: 'one' }),
      JSON.stringify(good),
    )
    for (const text of [jwe, json, nested, `${good}.`, `.${good}`, `${header}.${payload}`, header, '', '..', '...'])
      expect(await verify(text)).toBe('malformed')
    expect(await verify(undefined as never)).toBe('malformed')
  })

  it.each([
    ['sub', '"sub":"admin","sub":"user-1"'],
    ['sub, spelled with an escape', '"sub":"admin","\\u0073ub":"user-1"'],
    ['a nested member', '"cnf":{"jkt":"a","jkt":"b"}'],
  ])('a claim is there twice: %s', async (_, twice) => {
    const { sub: _sub, ...rest } = world.claims()
    const payload = `${JSON.stringify(rest).slice(0, -1)},${twice}}`
    expect(await verify(await signRaw(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'one' }), payload))).toBe(
      'malformed',
    )
  })

  it('a header is there twice', async () => {
    const header = '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"one"}'
    expect(await verify(await signRaw(header, JSON.stringify(world.claims())))).toBe('malformed')
  })

  it('has another spelling of the same bytes, padding, or bytes that are no UTF-8', async () => {
    const [header = '', payload = '', signature = ''] = good.split('.')
    const last = signature.at(-1) ?? ''
    const spelled = signature.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
    for (const text of [
      `${header}.${payload}.${spelled}`,
      `${header}.${payload}.${signature}==`,
      ` ${good}`,
      `${good}\n`,
    ])
      expect(['malformed', 'signature']).toContain(await verify(text))
    const bytes = Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
    expect(await verify(`${header}.${bytes.toString('base64url')}.${signature}`)).toBe('malformed')
  })
})

describe('the token is for something else', () => {
  it.each(['JWT', 'jwt', 'logout+jwt', 'secevent+jwt', 'ends+jwt', 'dpop+jwt', undefined])('typ %j', async (typ) => {
    expect(await verify(await sign(world.claims(), { typ }))).toBe('type')
  })

  it('application/at+jwt is the same type (RFC 9068, 2.1)', async () => {
    expect(await verify(await sign(world.claims(), { typ: 'application/at+jwt' }))).toBeNull()
  })

  it('the list of ends, which has the same keys, is no access token', async () => {
    expect(await verify(await tokens.ends())).toBe('type')
  })

  it.each([
    'https://evil.example',
    'https://shop.example/',
    'https://shop.example.evil',
    undefined,
    ['https://shop.example'],
  ])('iss %j', async (iss) => {
    expect(await verify(await sign({ ...world.claims(), iss }))).toBe('issuer')
  })

  it.each([MAIL, 'https://api.shop.example/', '', [], [MAIL], undefined, '*'])('aud %j', async (aud) => {
    expect(['audience', 'claims']).toContain(await verify(await sign({ ...world.claims(), aud })))
  })
})

describe('the time is wrong', () => {
  const seconds = Math.floor(world.clock() / 1000)
  it.each([
    ['expired', { iat: seconds - 400, exp: seconds - 6 }],
    ['early', { nbf: seconds + 60 }],
    ['early', { iat: seconds + 60, exp: seconds + 120 }],
    ['claims', { exp: undefined }],
    ['claims', { iat: undefined }],
    ['claims', { exp: 'never' }],
    ['claims', { exp: seconds + 86_400 }],
    ['claims', { iat: -1 }],
    ['claims', { exp: Number.MAX_VALUE }],
  ])('%s: %j', async (refusal, times) => {
    expect(await verify(await sign({ ...world.claims(), ...times }))).toBe(refusal)
  })

  it.each(['sub', 'client_id', 'jti'])('without %s (RFC 9068, 2.2)', async (name) => {
    expect(await verify(await sign({ ...world.claims(), [name]: undefined }))).toBe('claims')
    expect(await verify(await sign({ ...world.claims(), [name]: '' }))).toBe('claims')
    expect(await verify(await sign({ ...world.claims(), [name]: { $ne: null } }))).toBe('claims')
  })

  it('a token that was verified before is refused once it has expired', async () => {
    const own = createTokensWorld()
    const text = await own.issue(await own.login())
    expect((await own.tokens.verify(text)).refusal).toBeNull()
    own.clock.advance(5 * MINUTE + 6 * SECOND)
    expect((await own.tokens.verify(text)).refusal).toBe('expired')
  })

  it('a token does not live longer than its session', async () => {
    const own = createTokensWorld({}, { timeouts: { idle: '10m', absolute: '62m' } })
    const client = await own.login()
    for (let minutes = 0; minutes < 60; minutes += 5) {
      own.clock.advance(5 * MINUTE)
      await client.send((session) => session.userId)
    }
    const text = await own.issue(client)
    const { token } = await own.tokens.verify(text)
    expect(Number(token?.expiresAt) - own.clock()).toBe(2 * MINUTE)
  })
})

describe('a token is used after its session changed', () => {
  const cases: [
    string,
    (
      own: ReturnType<typeof createTokensWorld>,
      client: Awaited<ReturnType<typeof own.login>>,
      id: string,
    ) => Promise<unknown>,
  ][] = [
    ['logout', (_, client) => client.send((session) => session.logout())],
    ['revoke', (own, _, id) => own.sessions.revoke(id)],
    ['revokeAll', (own) => own.sessions.revokeAll('user-1')],
    ['a password that changed', (own) => own.sessions.passwordChanged('user-1')],
    [
      'a password that changed in this session',
      (own, client) => client.send((session) => own.sessions.passwordChanged('user-1', { keep: session })),
    ],
    ['a role that changed', (own) => own.sessions.roleChanged('user-1')],
    ['an account that was disabled', (own) => own.sessions.accountDisabled('user-1')],
    ['a rotation', (_, client) => client.send((session) => session.rotate())],
    ['a new proof', (_, client) => client.send((session) => session.reauthenticated())],
    ['another login', (_, client) => client.send((session) => session.login('user-1'))],
    ['erase', (own) => own.sessions.erase('user-1')],
  ]

  it.each(cases)('%s', async (_, change) => {
    const own = createTokensWorld()
    const client = await own.login()
    const text = await own.issue(client)
    const other = await own.issue(await own.login('user-2'))
    const { token } = await own.tokens.verify(text)
    expect(token?.userId).toBe('user-1')
    await change(own, client, token?.sessionId ?? '')
    expect((await own.tokens.verify(text)).refusal).toBe('revoked')
    expect((await own.tokens.verify(other)).refusal).toBeNull()
    // What is issued from now on is good, in the same second.
    const again = await client.send((session) =>
      session.userId === null ? null : own.tokens.issue(session, { audience: API }),
    )
    if (again.value !== null) expect((await own.tokens.verify(again.value.accessToken)).refusal).toBeNull()
  })

  it('a session that ended in another process', async () => {
    const own = createTokensWorld()
    const text = await own.issue(await own.login())
    const elsewhere = own.node()
    const { createTokens } = await import('sojourn/tokens')
    const others = createTokens(elsewhere, {
      issuer: own.tokens.issuer,
      keys: [key],
      audiences: { [API]: {} },
      clock: own.clock,
    })
    const { token } = await own.tokens.verify(text)
    await elsewhere.revoke(token?.sessionId ?? '')
    await others.ends()
    own.clock.advance(SECOND)
    expect((await own.tokens.verify(text)).refusal).toBe('revoked')
  })

  it('everybody, with endAll', async () => {
    const own = createTokensWorld({ clock: Date.now }, { clock: Object.assign(() => Date.now(), { advance() {} }) })
    const text = await own.issue(await own.login())
    expect((await own.tokens.verify(text)).refusal).toBeNull()
    await own.sessions.endAll()
    expect((await own.tokens.verify(text)).refusal).toBe('revoked')
  })
})

describe('more rights than were granted', () => {
  it('a refresh asks for a larger scope, another service, or is another client', async () => {
    const own = createTokensWorld()
    const client = await own.login()
    await client.send((session) => own.tokens.limit(session, { clientId: 'app', audiences: [API], scopes: ['read'] }))
    const ask = (wish: object) => own.tokens.refresh(client.token() ?? '', { audience: API, clientId: 'app', ...wish })
    expect(await ask({ scope: 'read write' })).toEqual({ refusal: 'scope' })
    expect(await ask({ scope: 'admin' })).toEqual({ refusal: 'scope' })
    expect(await ask({ audience: MAIL })).toEqual({ refusal: 'audience' })
    expect(await ask({ audience: 'https://evil.example' })).toEqual({ refusal: 'audience' })
    expect(await ask({ clientId: 'other' })).toEqual({ refusal: 'client' })
    expect(await ask({ scope: 'read' })).toMatchObject({ refusal: null, scopes: ['read'] })
  })

  it('a limit grows', async () => {
    const own = createTokensWorld()
    const client = await own.login()
    const limit = (given: object) => client.send((session) => own.tokens.limit(session, given))
    await limit({ clientId: 'app', scopes: ['read'] })
    await limit({ scopes: ['read', 'write'], audiences: [API] })
    await expect(limit({ clientId: 'other' })).rejects.toMatchObject({ code: 'ERR_OPTION' })
    expect(await own.tokens.refresh(client.token() ?? '')).toMatchObject({ scopes: ['read'] })
    await limit({ scopes: [] })
    expect(await own.tokens.refresh(client.token() ?? '', { scope: 'read' })).toEqual({ refusal: 'scope' })
  })

  it('a right that the user lost is in no new token', async () => {
    let scopes = ['read', 'write']
    const own = createTokensWorld({ scopesOf: () => scopes })
    const client = await own.login()
    expect(await own.tokens.refresh(client.token() ?? '', { audience: API })).toMatchObject({
      scopes: ['read', 'write'],
    })
    scopes = ['read']
    expect(await own.tokens.refresh(client.token() ?? '', { audience: API })).toMatchObject({ scopes: ['read'] })
  })

  it('claimsOf replaces nothing of ours', async () => {
    const own = createTokensWorld({ claimsOf: () => ({ sub: 'admin' }) })
    await expect(own.issue(await own.login())).rejects.toMatchObject({ code: 'ERR_OPTION' })
  })

  it('a token that is bound to a key comes without its proof (downgrade to a bearer token)', async () => {
    const own = createTokensWorld()
    const text = await own.issue(await own.login(), { audience: API, confirmation: { jkt: 'thumb' } })
    const ask = async (proof?: Record<string, string>) => (await own.tokens.verify(text, { proof })).refusal
    expect(await ask()).toBe('proof')
    expect(await ask({ jkt: 'other' })).toBe('proof')
    expect(await ask({ 'x5t#S256': 'thumb' })).toBe('proof')
    expect(await ask({ jkt: 'thumb' })).toBeNull()
    expect(await own.tokens.revoke(text)).toBe(true)
  })
})
