import { createServer } from 'node:http'
import { toNodeHandler } from 'sojourn/node'
import {
  type SharedSignalsReceiverOptions,
  type SignalReport,
  type SubjectId,
  sharedSignalsReceiver,
} from 'sojourn/signals/shared-signals'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createWorld, MINUTE, SECOND } from '../core/kit.ts'
import { CAEP, createKey, jsonOf, type Key, listen, SSF, signJwt, unsigned } from './signals-kit.ts'

const ISSUER = 'https://idp.example'
const OTHER = 'https://other-idp.example'
const AUDIENCE = 'https://shop.example'
const key = createKey('k1')
const otherKey = createKey('k2')
const elliptic = createKey('k3', 'ES256')

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

/** Users of the first issuer are known by its `sub`, those of the other one with a prefix. */
function userOf(subject: SubjectId, { issuer }: { readonly issuer: string }): string | null {
  if (subject.format === 'email') return issuer === ISSUER ? String(subject.email).replace('@shop.example', '') : null
  if (subject.format !== 'iss_sub' || subject.iss !== issuer) return null
  return issuer === ISSUER ? String(subject.sub) : `other:${subject.sub}`
}

function setup(options: Partial<SharedSignalsReceiverOptions> = {}) {
  const world = createWorld()
  const reports: SignalReport[] = []
  const receiver = sharedSignalsReceiver(world.sessions, {
    transmitters: [
      { issuer: ISSUER, audience: AUDIENCE, keys: { keys: [key.jwk, elliptic.jwk] } },
      { issuer: OTHER, audience: AUDIENCE, keys: { keys: [otherKey.jwk] } },
    ],
    userOf,
    timing: { wall: world.clock, uptime: world.clock },
    onSignal: (report) => void reports.push(report),
    ...options,
  })
  let count = 0
  const claims = (event: object, more: object = {}): Record<string, unknown> => ({
    iss: ISSUER,
    aud: AUDIENCE,
    iat: Math.floor(world.clock() / SECOND),
    jti: `jti-${++count}`,
    sub_id: { format: 'iss_sub', iss: ISSUER, sub: 'ada' },
    events: event,
    ...more,
  })
  const revoked = (more: object = {}, event: object = {}) => claims({ [`${CAEP}session-revoked`]: event }, more)
  const push = (token: string, headers: Record<string, string> = {}) =>
    receiver.push(
      new Request('https://shop.example/signals', {
        method: 'POST',
        headers: { 'content-type': 'application/secevent+jwt', ...headers },
        body: token,
      }),
    )
  const login = async (userId = 'ada') => {
    const client = world.client()
    const { value } = await client.send(async (session) => {
      await session.login(userId)
      return session.id ?? ''
    })
    return { client, id: value, isIn: async () => (await client.send((session) => session.userId)).value === userId }
  }
  return { ...world, receiver, reports, claims, revoked, push, login }
}

async function refusalOf(response: Response): Promise<unknown> {
  expect(response.status).toBe(400)
  expect(response.headers.get('content-language')).toBe('en')
  const body = (await response.json()) as { err: string; description: string }
  expect(body.description).not.toBe('')
  return body.err
}

describe('a pushed session-revoked', () => {
  it('ends the sessions of the user, and of nobody else, before it is accepted', async () => {
    const { push, revoked, login, reports, eventsOf } = setup()
    const [one, two, bob] = [await login(), await login(), await login('bob')]
    const response = await push(signJwt(key, revoked()))
    expect([response.status, await response.text()]).toEqual([202, ''])
    expect([await one.isIn(), await two.isIn(), await bob.isIn()]).toEqual([false, false, true])
    expect(eventsOf('ended').map(({ userId, reason }) => [userId, reason])).toEqual([
      ['ada', 'session-revoked'],
      ['ada', 'session-revoked'],
    ])
    expect(reports).toMatchObject([{ outcome: 'ended', count: 2, userId: 'ada', event: 'session-revoked' }])
  })

  it('is accepted with ES256, and with a list of audiences', async () => {
    const { push, revoked, login } = setup()
    const ada = await login()
    expect((await push(signJwt(elliptic, revoked({ aud: ['x', AUDIENCE] })))).status).toBe(202)
    expect(await ada.isIn()).toBe(false)
  })

  it('leaves a session that began after the event, even if the event arrives late', async () => {
    const { push, revoked, login, clock } = setup()
    const before = await login()
    const token = signJwt(key, revoked({}, { event_timestamp: Math.floor(clock() / SECOND) }))
    clock.advance(10 * SECOND)
    const after = await login()
    expect((await push(token)).status).toBe(202)
    expect([await before.isIn(), await after.isIn()]).toEqual([false, true])
  })

  it('ends only the session that a complex subject names', async () => {
    const { push, revoked, login } = setup()
    const [one, two] = [await login(), await login()]
    const user = { format: 'iss_sub', iss: ISSUER, sub: 'ada' }
    const sub_id = { format: 'complex', user, session: { format: 'opaque', id: one.id } }
    expect((await push(signJwt(key, revoked({ sub_id })))).status).toBe(202)
    expect([await one.isIn(), await two.isIn()]).toEqual([false, true])
  })

  it('finds sessions by the ids of the issuer with sessionsOf', async () => {
    const ids = new Map<string, string>()
    const { push, revoked, login } = setup({
      sessionsOf: ({ session }) => [ids.get(String((session as SubjectId).id)) ?? ''],
    })
    const [one, two] = [await login(), await login()]
    ids.set('sid-7', one.id)
    const sub_id = { format: 'complex', session: { format: 'opaque', id: 'sid-7' } }
    expect((await push(signJwt(key, revoked({ sub_id })))).status).toBe(202)
    expect([await one.isIn(), await two.isIn()]).toEqual([false, true])
  })

  it('touches nothing if the subject narrows to a device that nobody here can tell', async () => {
    const { push, revoked, login, reports } = setup()
    const ada = await login()
    const user = { format: 'iss_sub', iss: ISSUER, sub: 'ada' }
    const sub_id = { format: 'complex', user, device: { format: 'opaque', id: 'laptop' } }
    expect((await push(signJwt(key, revoked({ sub_id })))).status).toBe(202)
    expect(await ada.isIn()).toBe(true)
    expect(reports).toMatchObject([{ outcome: 'ignored', reason: 'unmapped' }])
  })
})

describe('attacks', () => {
  it.each<[string, (claims: Record<string, unknown>) => string, string]>([
    ['an issuer that nobody trusts', (c) => signJwt(key, { ...c, iss: 'https://evil.example' }), 'invalid_issuer'],
    [
      'the key of another trusted issuer',
      (c) => signJwt({ ...otherKey, jwk: { ...otherKey.jwk, kid: 'k1' } }, c),
      'invalid_key',
    ],
    ['a key that nobody published', (c) => signJwt(createKey('k9'), c), 'invalid_key'],
    ['no signature (alg none)', (c) => unsigned(c), 'invalid_key'],
    [
      'a changed payload',
      (c) => {
        const [head, , tail] = signJwt(key, c).split('.')
        return `${head}.${Buffer.from(JSON.stringify({ ...c, jti: 'x' })).toString('base64url')}.${tail}`
      },
      'invalid_key',
    ],
    ['another audience', (c) => signJwt(key, { ...c, aud: 'https://bank.example' }), 'invalid_audience'],
    ['no audience', (c) => signJwt(key, { ...c, aud: undefined }), 'invalid_audience'],
    ['an ID token (typ JWT)', (c) => signJwt(key, c, { typ: 'JWT' }), 'invalid_request'],
    ['no typ', (c) => signJwt(key, c, { typ: undefined }), 'invalid_request'],
    ['a sub', (c) => signJwt(key, { ...c, sub: 'ada' }), 'invalid_request'],
    ['an exp', (c) => signJwt(key, { ...c, exp: 4e9 }), 'invalid_request'],
    ['two events', (c) => signJwt(key, { ...c, events: { a: {}, [`${CAEP}session-revoked`]: {} } }), 'invalid_request'],
    ['no event', (c) => signJwt(key, { ...c, events: {} }), 'invalid_request'],
    ['no jti', (c) => signJwt(key, { ...c, jti: undefined }), 'invalid_request'],
    ['no iat', (c) => signJwt(key, { ...c, iat: undefined }), 'invalid_request'],
    ['an iat in the far future', (c) => signJwt(key, { ...c, iat: 4e9 }), 'invalid_request'],
    ['an event older than events are remembered', (c) => signJwt(key, { ...c, iat: 1e9 }), 'invalid_request'],
    ['no subject', (c) => signJwt(key, { ...c, sub_id: undefined }), 'invalid_request'],
    ['no token', () => 'nonsense', 'invalid_issuer'],
  ])('refuses %s, and ends nothing', async (_, toToken, err) => {
    const { push, revoked, login, reports } = setup()
    const ada = await login()
    expect(await refusalOf(await push(toToken(revoked())))).toBe(err)
    expect(await ada.isIn()).toBe(true)
    expect(reports).toMatchObject([{ outcome: 'refused', reason: err }])
  })

  it('refuses an RSA key of 1024 bits', async () => {
    const weak = createKey('weak', 'RS256', 1024)
    const { push, revoked, login } = setup({
      transmitters: [{ issuer: ISSUER, audience: AUDIENCE, keys: { keys: [weak.jwk] } }],
    })
    const ada = await login()
    expect(await refusalOf(await push(signJwt(weak, revoked())))).toBe('invalid_key')
    expect(await ada.isIn()).toBe(true)
  })

  it('a tenant cannot end the sessions of another tenant', async () => {
    const { push, revoked, login } = setup()
    const ada = await login()
    const from = (sub_id: object) => push(signJwt(otherKey, revoked({ iss: OTHER, sub_id })))
    const stranger = { format: 'iss_sub', iss: OTHER, sub: 'ada' }
    expect((await from({ format: 'iss_sub', iss: ISSUER, sub: 'ada' })).status).toBe(202)
    expect((await from({ format: 'email', email: 'ada@shop.example' })).status).toBe(202)
    const session = { format: 'opaque', id: ada.id }
    expect((await from({ format: 'complex', session })).status).toBe(202)
    expect((await from({ format: 'complex', user: stranger, session })).status).toBe(202)
    expect(await ada.isIn()).toBe(true)
  })

  it('a repeated event changes nothing again', async () => {
    const { push, claims, login, reports, sessions, clock } = setup({ policy: { 'credential-change': 'distrust' } })
    const ada = await login()
    const token = signJwt(key, claims({ [`${CAEP}credential-change`]: { change_type: 'update' } }))
    expect((await push(token)).status).toBe(202)
    const proof = async () => (await sessions.list('ada'))[0]?.authenticatedAt
    expect(await proof()).toBeNull()
    clock.advance(SECOND)
    await ada.client.send((session) => session.reauthenticated())
    expect((await push(token)).status).toBe(202)
    expect(await proof()).not.toBeNull()
    expect(reports.map(({ outcome }) => outcome)).toEqual(['distrusted', 'repeated'])
  })

  it('a flood of revocations is slowed down and reported, and continues after a minute', async () => {
    const { push, revoked, login, reports, clock } = setup({ maxPerMinute: 3 })
    const users = await Promise.all(['a', 'b', 'c', 'd'].map((name) => login(name)))
    const send = (sub: string) => push(signJwt(key, revoked({ sub_id: { format: 'iss_sub', iss: ISSUER, sub } })))
    for (const name of ['a', 'b', 'c']) expect((await send(name)).status).toBe(202)
    const response = await send('d')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '60'])
    expect(await users[3]?.isIn()).toBe(true)
    expect(reports.at(-1)).toMatchObject({ outcome: 'limited', issuer: ISSUER })
    clock.advance(MINUTE)
    expect((await send('d')).status).toBe(202)
    expect(await users[3]?.isIn()).toBe(false)
  })

  it('a push without the agreed Authorization header is refused', async () => {
    const pushAuthorization = 'Bearer a-secret-of-this-stream'
    const { push, revoked, login } = setup({
      transmitters: [{ issuer: ISSUER, audience: AUDIENCE, keys: { keys: [key.jwk] }, pushAuthorization }],
    })
    const ada = await login()
    const token = signJwt(key, revoked())
    expect(await refusalOf(await push(token))).toBe('authentication_failed')
    expect(await refusalOf(await push(token, { authorization: 'Bearer wrong' }))).toBe('authentication_failed')
    expect(await ada.isIn()).toBe(true)
    expect((await push(token, { authorization: pushAuthorization })).status).toBe(202)
  })

  it('a huge body and a wrong content type are refused before anything is parsed', async () => {
    const { push, receiver } = setup()
    expect(await refusalOf(await push('x'.repeat(70_000)))).toBe('invalid_request')
    expect(await refusalOf(await push('{}', { 'content-type': 'application/json' }))).toBe('invalid_request')
    expect((await receiver.push(new Request('https://shop.example/signals'))).status).toBe(405)
  })
})

describe('when this application cannot act', () => {
  it('a failing store is answered 503, and the event counts when it is sent again', async () => {
    const { push, revoked, login, store, reports } = setup()
    const ada = await login()
    const token = signJwt(key, revoked())
    store.fail('end')
    const response = await push(token)
    expect(response.status).toBe(503)
    expect(reports).toMatchObject([{ outcome: 'failed' }])
    expect(await ada.isIn()).toBe(true)
    expect((await push(token)).status).toBe(202)
    expect(await ada.isIn()).toBe(false)
  })

  it('a userOf that never answers is answered 503, and the next event is handled', async () => {
    const after = (_: number, callback: () => void): (() => void) => {
      const timer = setTimeout(callback, 20)
      return () => clearTimeout(timer)
    }
    const { push, revoked, login, clock } = setup({
      userOf: (subject) => (subject.sub === 'ada' ? 'ada' : new Promise(() => {})),
      timing: { wall: () => clock(), uptime: () => clock(), after },
    })
    const ada = await login()
    const lost = signJwt(key, revoked({ sub_id: { format: 'iss_sub', iss: ISSUER, sub: 'mallory' } }))
    expect((await push(lost)).status).toBe(503)
    expect((await push(signJwt(key, revoked()))).status).toBe(202)
    expect(await ada.isIn()).toBe(false)
  })

  it.each(['jwks', 'metadata'])(
    'while the %s cannot be fetched, events get 503, and a flood of forged ones causes one request in five seconds',
    async (what) => {
      let isDown = true
      let asked = 0
      const server = await listen((request, response) => {
        asked += 1
        response.statusCode = isDown ? 500 : 200
        const jwks = { keys: [key.jwk] }
        response.end(
          JSON.stringify(request.url === '/jwks' ? jwks : { issuer: server.url, jwks_uri: `${server.url}/jwks` }),
        )
      })
      cleanups.push(server.close)
      const issuer = what === 'jwks' ? ISSUER : server.url
      const { push, revoked, clock } = setup({
        insecureHttp: true,
        transmitters: [{ issuer, audience: AUDIENCE, ...(what === 'jwks' && { jwksUri: `${server.url}/jwks` }) }],
      })
      const token = signJwt(key, revoked({ iss: issuer }))
      for (let i = 0; i < 20; i++) expect((await push(token)).status).toBe(503)
      expect(asked).toBe(1)
      isDown = false
      clock.advance(5 * SECOND)
      expect((await push(token)).status).toBe(202)
    },
  )

  it('forged tokens with unknown keys, while the keys cannot be fetched, do not hold back honest events', async () => {
    let isDown = false
    const server = await listen((_, response) => {
      response.statusCode = isDown ? 500 : 200
      response.end(JSON.stringify({ keys: [key.jwk] }))
    })
    cleanups.push(server.close)
    const { push, revoked, clock } = setup({
      insecureHttp: true,
      transmitters: [{ issuer: ISSUER, audience: AUDIENCE, jwksUri: `${server.url}/jwks` }],
    })
    expect((await push(signJwt(key, revoked()))).status).toBe(202)
    isDown = true
    clock.advance(6 * SECOND)
    expect((await push(signJwt(createKey('unknown'), revoked()))).status).toBe(503)
    expect((await push(signJwt(key, revoked()))).status).toBe(202)
  })

  it('keys of a hundred megabytes are not read', async () => {
    let sent = 0
    const server = await listen((_, response) => {
      const chunk = Buffer.alloc(65_536, ' ')
      const more = (): void => {
        if (sent >= 100_000_000) return void response.end('{}')
        sent += chunk.length
        response.write(chunk, () => !response.destroyed && more())
      }
      more()
    })
    cleanups.push(server.close)
    const { push, revoked } = setup({
      insecureHttp: true,
      transmitters: [{ issuer: ISSUER, audience: AUDIENCE, jwksUri: `${server.url}/jwks` }],
    })
    expect((await push(signJwt(key, revoked()))).status).toBe(503)
    expect(sent).toBeLessThan(20_000_000)
  })
})

describe('a function of the application that fails', () => {
  const raise = (): never => {
    throw new Error('the log is down')
  }
  const ways: [string, () => unknown][] = [
    ['throws', () => raise()],
    ['rejects', async () => raise()],
  ]

  it.each(ways)('onSignal that %s: the event is obeyed and accepted all the same', async (_, onSignal) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { push, revoked, login } = setup({ onSignal })
    const ada = await login()
    const token = signJwt(key, revoked())
    expect((await push(token)).status).toBe(202)
    expect(await ada.isIn()).toBe(false)
    expect((await push(token)).status).toBe(202)
    expect((await push(unsigned(revoked()))).status).toBe(400)
    await vi.waitFor(() => expect(printed.mock.calls.flat()).toContainEqual(new Error('the log is down')))
    printed.mockRestore()
  })

  it.each(ways)('onError that %s: the transmitter is asked again', async (_, onError) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    let asked = 0
    const { receiver } = setup({
      fetch: async () => {
        asked += 1
        throw new Error('no network')
      },
      timing: { after: (_ms, callback, how) => (how === 'background' ? toCancel(callback) : () => undefined) },
    })
    const polling = receiver.poll(ISSUER, { endpoint: 'https://idp.example/poll', onError })
    await vi.waitFor(() => expect(asked).toBeGreaterThan(2))
    await polling.close()
    printed.mockRestore()
  })

  function toCancel(callback: () => void): () => void {
    const timer = setTimeout(callback, 1)
    return () => clearTimeout(timer)
  }
})

describe('the policy', () => {
  const event = (name: string, members: object) => ({ [`${CAEP}${name}`]: members })
  it.each<[string, object, string]>([
    [
      'a new credential',
      event('credential-change', { change_type: 'create', credential_type: 'fido2-roaming' }),
      'ignored',
    ],
    [
      'a changed credential',
      event('credential-change', { change_type: 'update', credential_type: 'password' }),
      'ended',
    ],
    ['a deleted credential', event('credential-change', { change_type: 'delete', credential_type: 'app' }), 'ended'],
    ['a lower assurance', event('assurance-level-change', { change_direction: 'decrease' }), 'distrusted'],
    ['a higher assurance', event('assurance-level-change', { change_direction: 'increase' }), 'ignored'],
    ['a device that complies', event('device-compliance-change', { current_status: 'compliant' }), 'ignored'],
    ['a device that does not', event('device-compliance-change', { current_status: 'not-compliant' }), 'ended'],
    ['a high risk', event('risk-level-change', { current_level: 'HIGH', principal: 'USER' }), 'distrusted'],
    ['a low risk', event('risk-level-change', { current_level: 'LOW', principal: 'USER' }), 'ignored'],
    ['an event of another profile', { 'https://example.org/event': {} }, 'ignored'],
    ['an update of the stream', { [`${SSF}stream-updated`]: { status: 'paused' } }, 'stream-updated'],
  ])('by default, %s', async (_, events, outcome) => {
    const { push, claims, login, reports, sessions } = setup()
    const ada = await login()
    expect((await push(signJwt(key, claims(events)))).status).toBe(202)
    expect(reports).toMatchObject([{ outcome }])
    const info = (await sessions.list('ada'))[0]
    expect(info === undefined).toBe(outcome === 'ended')
    expect(info?.authenticatedAt === null).toBe(outcome === 'distrusted')
    expect(await ada.isIn()).toBe(outcome !== 'ended')
  })

  it('is the application’s to choose', async () => {
    const { push, claims, login } = setup({
      policy: { 'risk-level-change': ({ event: { current_level } }) => (current_level === 'HIGH' ? 'end' : 'ignore') },
    })
    const ada = await login()
    await push(signJwt(key, claims(event('risk-level-change', { current_level: 'HIGH' }))))
    expect(await ada.isIn()).toBe(false)
  })
})

/** A transmitter of another program, with nothing but node:http and node:crypto. */
async function startTransmitter(signer: Key) {
  const waiting = new Map<string, string>()
  const acked: string[] = []
  const errors: Record<string, { err?: string }> = {}
  let url = ''
  const asked: Record<string, unknown>[] = []
  const server = await listen(async (request, response) => {
    const json = (value: unknown, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    const path = (request.url ?? '').split('?')[0]
    if (path === '/.well-known/ssf-configuration') {
      return json({
        issuer: url,
        jwks_uri: `${url}/jwks`,
        configuration_endpoint: `${url}/streams`,
        verification_endpoint: `${url}/verify`,
        status_endpoint: `${url}/status`,
      })
    }
    if (path === '/jwks') return json({ keys: [signer.jwk] })
    if (request.headers.authorization !== 'Bearer token') return json({}, 401)
    const body = await jsonOf(request)
    const stream = {
      stream_id: 's1',
      iss: url,
      aud: AUDIENCE,
      events_delivered: [],
      delivery: { method: 'urn:ietf:rfc:8936', endpoint_url: `${url}/poll` },
    }
    if (path === '/streams') return request.method === 'POST' ? json(stream, 201) : json([stream])
    if (path === '/verify') {
      asked.push(body)
      return response.writeHead(204).end()
    }
    for (const jti of body.ack as string[]) {
      acked.push(jti)
      waiting.delete(jti)
    }
    for (const [jti, error] of Object.entries(body.setErrs as Record<string, { err: string }>)) {
      errors[jti] = error
      waiting.delete(jti)
    }
    if (body.maxEvents === 0) return json({ sets: {} })
    await vi.waitFor(() => expect(waiting.size).toBeGreaterThan(0), { timeout: 300, interval: 5 }).catch(() => {})
    json({ sets: Object.fromEntries(waiting) })
  })
  url = server.url
  cleanups.push(server.close)
  return { url, waiting, acked, errors, asked }
}

describe('over HTTP', () => {
  it('polls, acknowledges what it obeyed, and reports what it refused', async () => {
    const other = await startTransmitter(key)
    const { receiver, revoked, login } = setup({
      insecureHttp: true,
      transmitters: [
        { issuer: other.url, audience: AUDIENCE, authorization: 'Bearer token', keys: { keys: [key.jwk] } },
      ],
      userOf: ({ sub }) => String(sub),
    })
    const ada = await login()
    const polling = receiver.poll(other.url)
    other.waiting.set('good', signJwt(key, revoked({ iss: other.url, jti: 'good' })))
    other.waiting.set('bad', signJwt(createKey('k1'), revoked({ iss: other.url, jti: 'bad' })))
    await vi.waitFor(() => expect(other.acked).toContain('good'), { timeout: 10_000 })
    expect(other.errors.bad?.err).toBe('invalid_key')
    expect(await ada.isIn()).toBe(false)
    await polling.close()
  })

  it('accepts the verification that it asked for, and no other', async () => {
    const other = await startTransmitter(key)
    const { receiver, claims, reports } = setup({
      insecureHttp: true,
      transmitters: [{ issuer: other.url, audience: AUDIENCE, authorization: () => 'Bearer token' }],
    })
    const stream = await receiver.streams(other.url).create({})
    await receiver.streams(other.url).verify(stream.stream_id)
    const [{ state } = { state: '' }] = other.asked
    const sub_id = { format: 'opaque', id: stream.stream_id }
    const verification = (value: unknown) =>
      signJwt(key, claims({ [`${SSF}verification`]: { state: value } }, { iss: other.url, sub_id }))
    expect(await receiver.receive(verification('guessed'))).toMatchObject({ kind: 'refused', err: 'invalid_state' })
    expect(await receiver.receive(verification(state))).toEqual({ kind: 'accepted' })
    expect(reports.at(-1)).toMatchObject({ outcome: 'verified' })
  })

  it('ends a session within a second of the push', async () => {
    const { receiver, revoked, login } = setup()
    const server = createServer(toNodeHandler(receiver.push))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as { port: number }
    const ada = await login()
    const startedAt = performance.now()
    const response = await fetch(`http://127.0.0.1:${port}/signals`, {
      method: 'POST',
      headers: { 'content-type': 'application/secevent+jwt' },
      body: signJwt(key, revoked()),
    })
    expect(response.status).toBe(202)
    expect(await ada.isIn()).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})

describe('options', () => {
  it.each<[string, Partial<SharedSignalsReceiverOptions>]>([
    ['no transmitter', { transmitters: [] }],
    ['an issuer that is no https URL', { transmitters: [{ issuer: 'http://idp.example', audience: AUDIENCE }] }],
    ['no audience', { transmitters: [{ issuer: ISSUER, audience: [] }] }],
    ['a short pushAuthorization', { transmitters: [{ issuer: ISSUER, audience: AUDIENCE, pushAuthorization: 'x' }] }],
    ['an unknown event in the policy', { policy: { 'session-revokd': 'end' } as object }],
    ['an unknown action', { policy: { 'session-revoked': 'kill' } as object }],
    ['a limit of 0', { maxPerMinute: 0 }],
  ])('refuses %s', (_, options) => {
    expect(() => setup(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
