import { spawn } from 'node:child_process'
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import express from 'express'
import Fastify from 'fastify'
import { createSessions, memoryStore, type Store } from 'sojourn'
import { toNodeHandler } from 'sojourn/node'
import {
  outboxStore,
  type SharedSignalsTransmitterOptions,
  type SignalProblem,
  type SigningKey,
  sharedSignalsReceiver,
  sharedSignalsTransmitter,
} from 'sojourn/signals/shared-signals'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createClient } from '../core/kit.ts'
import { buildChild, removeBuilt } from '../support/child.ts'
import { CAEP, createKey, listen, SSF } from './signals-kit.ts'

const TOKEN = 'a-token-of-the-shop-for-this-server'
const AUDIENCE = 'https://shop.example'
const key = createKey('k1')
const privateJwk = { ...(key.privateKey.export({ format: 'jwk' }) as object), kid: 'k1' } as SigningKey
const soon = (look: () => unknown) => vi.waitFor(look, { timeout: 15_000, interval: 10 })

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
  await removeBuilt()
})

interface Event {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** A receiver's own check, with nothing but `node:crypto` and the published keys. */
async function openSet(token: string, issuer: string): Promise<Event> {
  const [head = '', body = '', signature = ''] = token.split('.')
  const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  const metadata = await (await fetch(`${issuer}/.well-known/ssf-configuration`)).json()
  const { keys } = (await (await fetch(metadata.jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] }
  const header = parse(head)
  const jwk = keys.find(({ kid }) => kid === header.kid)
  const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  const isGood = verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))
  expect(isGood).toBe(true)
  expect(header).toMatchObject({ alg: 'RS256', typ: 'secevent+jwt' })
  return { header, claims: parse(body) }
}

/** A push receiver of another program. */
async function startReceiver() {
  const received: { token: string; authorization: string | undefined; type: string | undefined }[] = []
  const answers: number[] = []
  const server = await listen(async (request, response) => {
    const { authorization, 'content-type': type } = request.headers
    received.push({ token: await text(request), authorization, type })
    const status = answers.shift() ?? 202
    if (status === 400)
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"err":"invalid_audience"}')
    else response.writeHead(status).end()
  })
  cleanups.push(server.close)
  return { url: server.url, received, answers }
}

async function setup(options: Partial<SharedSignalsTransmitterOptions> = {}, store: Store = memoryStore()) {
  const sessions = createSessions({ store: outboxStore(store), warn: () => {} })
  const problems: SignalProblem[] = []
  let handler = async (_: Request): Promise<Response> => new Response(null, { status: 503 })
  const app = express()
  app.use(toNodeHandler((request) => handler(request)))
  const server = await listen(app)
  const transmitter = sharedSignalsTransmitter(sessions, {
    issuer: server.url,
    keys: [privateJwk],
    receivers: [{ id: 'shop', audience: AUDIENCE, token: TOKEN }],
    insecureHttp: true,
    onProblem: (problem) => void problems.push(problem),
    firstRetry: '10ms',
    interval: '20ms',
    recoverAfter: '1ms',
    ...options,
  })
  handler = transmitter.handler
  cleanups.push(server.close, transmitter.close)
  const call = (path: string, method: string, body?: object, token = TOKEN) =>
    fetch(`${server.url}/ssf${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  const login = async (userId = 'ada') => {
    const { value } = await createClient(sessions).send(async (session) => {
      await session.login(userId)
      return session.id ?? ''
    })
    return value
  }
  return { sessions, transmitter, problems, issuer: server.url, call, login }
}

const poll = { delivery: { method: 'urn:ietf:rfc:8936' } }

describe('the endpoints', () => {
  it('have metadata, and keys without anything private', async () => {
    const { issuer } = await setup()
    const metadata = await (await fetch(`${issuer}/.well-known/ssf-configuration`)).json()
    expect(metadata).toMatchObject({
      spec_version: '1_0',
      issuer,
      delivery_methods_supported: ['urn:ietf:rfc:8935', 'urn:ietf:rfc:8936'],
      authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
      default_subjects: 'ALL',
    })
    const jwks = await (await fetch(metadata.jwks_uri)).json()
    expect(jwks.keys.map((each: object) => Object.keys(each).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']])
  })

  it('answer with the statuses of SSF', async () => {
    const { call } = await setup()
    expect((await call('/streams', 'GET', undefined, 'wrong-wrong-wrong-wrong-wrong-wrong')).status).toBe(401)
    expect(await (await call('/streams', 'GET')).json()).toEqual([])
    const created = await call('/streams', 'POST', poll)
    expect(created.status).toBe(201)
    const stream = await created.json()
    expect(stream).toMatchObject({ aud: AUDIENCE, delivery: { method: 'urn:ietf:rfc:8936' } })
    expect(stream.events_delivered).toEqual([`${CAEP}session-revoked`, `${CAEP}credential-change`])
    const { stream_id } = stream
    expect((await call('/streams', 'POST', poll)).status).toBe(409)
    expect((await call(`/streams?stream_id=${stream_id}`, 'GET')).status).toBe(200)
    expect((await call('/streams?stream_id=x', 'GET')).status).toBe(404)
    const patched = await call('/streams', 'PATCH', { stream_id, events_requested: [`${CAEP}session-revoked`] })
    expect((await patched.json()).events_delivered).toEqual([`${CAEP}session-revoked`])
    expect(await (await call(`/status?stream_id=${stream_id}`, 'GET')).json()).toEqual({ stream_id, status: 'enabled' })
    expect((await call('/status', 'POST', { stream_id, status: 'asleep' })).status).toBe(400)
    expect((await call('/status', 'POST', { stream_id, status: 'paused', reason: 'r' })).status).toBe(200)
    expect((await call('/verify', 'POST', { stream_id, state: 's' })).status).toBe(204)
    expect((await call('/verify', 'POST', { stream_id, state: 's' })).status).toBe(429)
    const subject = { format: 'email', email: 'a@b.example' }
    expect((await call('/subjects/remove', 'POST', { stream_id, subject })).status).toBe(204)
    expect((await call('/subjects/add', 'POST', { stream_id, subject })).status).toBe(200)
    expect((await call('/subjects/add', 'POST', { stream_id, subject: 1 })).status).toBe(400)
    expect((await call('/streams', 'POST')).status).toBe(400)
    expect((await call('/nothing', 'GET')).status).toBe(404)
    expect((await call('/poll', 'GET')).status).toBe(405)
    expect((await call(`/streams?stream_id=${stream_id}`, 'DELETE')).status).toBe(204)
    expect((await call('/streams', 'POST', poll)).status).toBe(201)
  })

  it.each([
    'http://169.254.169.254/latest',
    'https://shop.example.evil.example/x',
    'file:///etc/passwd',
    'https://a:b@shop.example/',
  ])('a receiver cannot have events pushed into our network: %s', async (endpoint_url) => {
    const receivers = [{ id: 'shop', audience: AUDIENCE, token: TOKEN, pushOrigins: ['https://shop.example'] }]
    const { call } = await setup({ receivers })
    const delivery = { method: 'urn:ietf:rfc:8935', endpoint_url }
    expect((await call('/streams', 'POST', { delivery })).status).toBe(400)
  })

  it('a receiver cannot read, change or poll the stream of another', async () => {
    const other = 'a-token-of-the-bank-for-this-server'
    const { call, sessions, login } = await setup({
      receivers: [
        { id: 'shop', audience: AUDIENCE, token: TOKEN },
        { id: 'bank', audience: 'https://bank.example', token: other },
      ],
    })
    const { stream_id } = await (await call('/streams', 'POST', poll)).json()
    expect((await call(`/streams?stream_id=${stream_id}`, 'GET', undefined, other)).status).toBe(404)
    expect((await call(`/streams?stream_id=${stream_id}`, 'DELETE', undefined, other)).status).toBe(404)
    expect((await call('/status', 'POST', { stream_id, status: 'disabled' }, other)).status).toBe(404)
    expect((await call('/poll', 'POST', { returnImmediately: true }, other)).status).toBe(404)
    await sessions.revoke(await login())
  })
})

describe('polling, by another program', () => {
  it('gets a session that ended, until it acknowledges it', async () => {
    const { call, sessions, login, issuer } = await setup()
    await call('/streams', 'POST', poll)
    const id = await login()
    const pending = call('/poll', 'POST', {})
    await sessions.revoke(id)
    const { sets } = await (await pending).json()
    const [[jti, token]] = Object.entries(sets) as [[string, string]]
    const { claims } = await openSet(token, issuer)
    expect(claims).toMatchObject({ iss: issuer, aud: AUDIENCE, jti })
    expect(claims.sub_id).toEqual({
      format: 'complex',
      user: { format: 'iss_sub', iss: issuer, sub: 'ada' },
      session: { format: 'opaque', id },
    })
    expect(claims).not.toHaveProperty('sub')
    expect(claims).not.toHaveProperty('exp')
    expect(claims.events).toEqual({
      [`${CAEP}session-revoked`]: {
        event_timestamp: expect.any(Number),
        initiating_entity: 'admin',
        reason_admin: { en: 'The session was revoked.' },
      },
    })
    const again = await (await call('/poll', 'POST', { returnImmediately: true })).json()
    expect(Object.keys(again.sets)).toEqual([jti])
    const after = await (await call('/poll', 'POST', { ack: [jti], returnImmediately: true })).json()
    expect(after).toEqual({ sets: {} })
  })

  it('reports an error, and gets no more than it asks for', async () => {
    const { call, sessions, login, problems } = await setup()
    await call('/streams', 'POST', poll)
    await login()
    await login()
    await sessions.revokeAll('ada')
    await soon(async () => {
      const { sets, moreAvailable } = await (
        await call('/poll', 'POST', { maxEvents: 1, returnImmediately: true })
      ).json()
      expect([Object.keys(sets).length, moreAvailable]).toEqual([1, true])
    })
    const { sets } = await (await call('/poll', 'POST', { maxEvents: 1, returnImmediately: true })).json()
    const [jti = ''] = Object.keys(sets)
    await call('/poll', 'POST', { maxEvents: 0, setErrs: { [jti]: { err: 'invalid_key', description: 'x' } } })
    expect(problems).toEqual([{ kind: 'refused', receiver: 'shop', jti, reason: 'invalid_key' }])
  })

  it('gets credential-change when a password changed, and nothing about subjects that it removed', async () => {
    const { call, sessions, issuer } = await setup()
    const { stream_id } = await (await call('/streams', 'POST', poll)).json()
    await call('/subjects/remove', 'POST', { stream_id, subject: { sub: 'bob', iss: issuer, format: 'iss_sub' } })
    await sessions.passwordChanged('bob')
    await sessions.passwordChanged('ada')
    const { sets } = await (await call('/poll', 'POST', {})).json()
    const events = await Promise.all((Object.values(sets) as string[]).map((each) => openSet(each, issuer)))
    expect(events.map(({ claims }) => claims)).toMatchObject([
      {
        sub_id: { sub: 'ada' },
        events: { [`${CAEP}credential-change`]: { credential_type: 'password', change_type: 'update' } },
      },
    ])
  })
})

describe('pushing, to another program', () => {
  async function pushing(options: Partial<SharedSignalsTransmitterOptions> = {}) {
    const receiver = await startReceiver()
    const world = await setup({
      receivers: [{ id: 'shop', audience: AUDIENCE, token: TOKEN, pushOrigins: [receiver.url], revokes: 'user' }],
      ...options,
    })
    const delivery = {
      method: 'urn:ietf:rfc:8935',
      endpoint_url: `${receiver.url}/signals`,
      authorization_header: 'Bearer of-the-shop',
    }
    const stream = await (await world.call('/streams', 'POST', { delivery })).json()
    return { ...world, receiver, stream }
  }

  it('sends an event with the agreed header, and the verification with its state', async () => {
    const { call, sessions, login, receiver, issuer, stream } = await pushing()
    expect(stream.delivery).not.toHaveProperty('authorization_header')
    await sessions.revoke(await login(), 'a reason of the application')
    await soon(() => expect(receiver.received).toHaveLength(1))
    const [first] = receiver.received
    expect(first).toMatchObject({ authorization: 'Bearer of-the-shop', type: 'application/secevent+jwt' })
    const { claims } = await openSet(first?.token ?? '', issuer)
    expect(claims.sub_id).toEqual({ format: 'iss_sub', iss: issuer, sub: 'ada' })
    await call('/verify', 'POST', { stream_id: stream.stream_id, state: 'my-state' })
    await soon(() => expect(receiver.received).toHaveLength(2))
    const verification = await openSet(receiver.received[1]?.token ?? '', issuer)
    expect(verification.claims).toMatchObject({
      sub_id: { format: 'opaque', id: stream.stream_id },
      events: { [`${SSF}verification`]: { state: 'my-state' } },
    })
  })

  it('does not log a user out everywhere because a new login replaced a session', async () => {
    const { sessions, receiver, issuer } = await pushing()
    const client = createClient(sessions)
    await client.send((session) => session.login('ada'))
    await client.send((session) => session.login('ada'))
    await client.send((session) => session.logout())
    await soon(() => expect(receiver.received).toHaveLength(1))
    const { claims } = await openSet(receiver.received[0]?.token ?? '', issuer)
    expect(JSON.stringify(claims.events)).toContain('The user logged out.')
  })

  it('sends the same event again after a failure, and not after a success', async () => {
    const { sessions, login, receiver, issuer } = await pushing()
    receiver.answers.push(500, 503, 202)
    await sessions.revoke(await login())
    await soon(() => expect(receiver.received).toHaveLength(3))
    const ids = await Promise.all(receiver.received.map(async ({ token }) => (await openSet(token, issuer)).claims.jti))
    expect(new Set(ids).size).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(receiver.received).toHaveLength(3)
  })

  it('gives up an event that the receiver calls wrong, and tells it', async () => {
    const { sessions, login, receiver, problems } = await pushing()
    receiver.answers.push(400)
    await sessions.revoke(await login())
    await soon(() => expect(problems).toMatchObject([{ kind: 'refused', reason: 'invalid_audience' }]))
  })

  it('pauses a stream whose receiver is down, and sends everything when it is enabled again', async () => {
    const { call, sessions, login, receiver, problems, stream } = await pushing({ attempts: 2 })
    receiver.answers.push(500, 500)
    await sessions.revoke(await login())
    await soon(() => expect(problems).toMatchObject([{ kind: 'paused', receiver: 'shop' }]))
    const { stream_id } = stream
    expect(await (await call(`/status?stream_id=${stream_id}`, 'GET')).json()).toMatchObject({ status: 'paused' })
    await sessions.revoke(await login('bob'))
    expect(receiver.received).toHaveLength(2)
    await call('/status', 'POST', { stream_id, status: 'enabled' })
    await soon(() => expect(receiver.received).toHaveLength(4))
  })
})

describe('a crash', () => {
  async function crash(moment: string) {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-signals-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'sessions')
    const keyFile = join(folder, 'key.json')
    writeFileSync(keyFile, JSON.stringify(privateJwk))
    const issuer = 'http://idp.example'
    // One process makes the session and the stream, and closes the store.
    const store = lmdbStore({ path })
    const before = await setup({ issuer, interval: '1h' }, store)
    await before.sessions.setup()
    const id = await before.login()
    await before.call('/streams', 'POST', poll)
    await before.transmitter.close()
    await before.sessions.close()
    // Another one ends it, and is killed.
    const file = await buildChild(new URL('./children/revoke-and-die.ts', import.meta.url))
    const killed = spawn(process.execPath, [file, path, keyFile, issuer, moment], { stdio: 'inherit' })
    const [, signal] = await once(killed, 'exit')
    expect(signal).toBe('SIGKILL')
    // The next one finds the note.
    const after = await setup({ issuer }, lmdbStore({ path }))
    cleanups.push(() => after.sessions.close())
    return { ...after, id }
  }

  it.each(['after the end', 'before the event', 'after the event'])(
    'SIGKILL %s of the session loses no event',
    async (moment) => {
      const { sessions, call, id } = await crash(moment)
      expect(await sessions.list('ada')).toEqual([])
      const body = await (await call('/poll', 'POST', {})).json()
      const [token = ''] = Object.values(body.sets) as string[]
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
      expect(claims.sub_id.session).toEqual({ format: 'opaque', id })
      await soon(async () => {
        const { sets } = await (await call('/poll', 'POST', { returnImmediately: true })).json()
        expect(Object.keys(sets)).toHaveLength(1)
      })
    },
    60_000,
  )

  it('SIGKILL before the end sends nothing, because the session still lives', async () => {
    const { sessions, call, transmitter } = await crash('before the end')
    expect(await sessions.list('ada')).toHaveLength(1)
    await transmitter.flush()
    expect(await (await call('/poll', 'POST', { returnImmediately: true })).json()).toEqual({ sets: {} })
  }, 60_000)
})

describe('a user whose subject the application cannot find', () => {
  /** The longest wait is that of a shutdown. */
  const hasty = (ms: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, ms > 15_000 ? 100 : ms)
    return () => clearTimeout(timer)
  }

  it.each<[string, () => Promise<null>]>([
    ['throws', () => Promise.reject(new Error('There is no such user.'))],
    ['never answers', () => new Promise(() => {})],
  ])('who %s holds back no event of another user, neither new ones nor those of a crash', async (_, forMallory) => {
    const store = memoryStore()
    const receiver = await startReceiver()
    const options: Partial<SharedSignalsTransmitterOptions> = {
      issuer: 'https://idp.example',
      receivers: [{ id: 'shop', audience: AUDIENCE, token: TOKEN, pushOrigins: [receiver.url] }],
      subjectOf: (sub) => (sub === 'mallory' ? forMallory() : { format: 'opaque', id: sub }),
    }
    const before = await setup({ ...options, interval: '1h' }, store)
    const delivery = { method: 'urn:ietf:rfc:8935', endpoint_url: receiver.url }
    expect((await before.call('/streams', 'POST', { delivery })).status).toBe(201)
    await before.transmitter.close()
    // Nobody listens any more, as if the process had been killed after both ends.
    for (const userId of ['mallory', 'ada']) {
      await before.login(userId)
      await before.sessions.revokeAll(userId)
    }
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    receiver.answers.push(503, 503)
    const { login, sessions, transmitter } = await setup({ ...options, timing: { after: hasty } }, store)
    await login('ada')
    await sessions.revokeAll('ada')
    const users = () =>
      receiver.received.map(({ token }) => {
        const { sub_id } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
        return sub_id.user.id
      })
    await soon(() => expect(users().length).toBeGreaterThanOrEqual(4))
    expect(new Set(users())).toEqual(new Set(['ada']))
    // The failure is reported once, and a shutdown does not wait for an answer that never comes.
    expect(print.mock.calls.length).toBeLessThanOrEqual(1)
    await transmitter.close()
    print.mockRestore()
  })
})

describe('two applications', () => {
  it('a logout at the one (Express) ends the sessions at the other (Fastify), by push and by poll', async () => {
    for (const how of ['push', 'poll'] as const) {
      const shop = createSessions({ warn: () => {} })
      const fastify = Fastify()
      cleanups.push(() => fastify.close())
      let push = async (_: Request): Promise<Response> => new Response(null, { status: 503 })
      const node = toNodeHandler((request) => push(request))
      fastify.addContentTypeParser('application/secevent+jwt', (_request, _payload, done) => done(null))
      fastify.post('/signals', (request, reply) => {
        reply.hijack()
        return node(request.raw, reply.raw)
      })
      const url = await fastify.listen({ port: 0, host: '127.0.0.1' })
      const idp = await setup({
        receivers: [{ id: 'shop', audience: AUDIENCE, token: TOKEN, pushOrigins: [url], revokes: 'user' }],
      })
      const outcomes: string[] = []
      const receiver = sharedSignalsReceiver(shop, {
        transmitters: [{ issuer: idp.issuer, audience: AUDIENCE, authorization: `Bearer ${TOKEN}` }],
        userOf: (subject) => (subject.iss === idp.issuer ? `idp:${subject.sub}` : null),
        insecureHttp: true,
        onSignal: ({ outcome }) => void outcomes.push(outcome),
      })
      push = receiver.push
      const streams = receiver.streams(idp.issuer)
      const stream = await streams.create(how === 'push' ? { push: `${url}/signals` } : {})
      const polling = how === 'poll' ? receiver.poll(idp.issuer) : null
      await streams.verify(stream.stream_id)
      await soon(() => expect(outcomes).toEqual(['verified']))
      const here = createClient(shop)
      await here.send((session) => session.login('idp:ada'))
      const there = createClient(idp.sessions)
      await there.send((session) => session.login('ada'))
      const startedAt = performance.now()
      await there.send((session) => session.logout())
      await soon(() => expect(outcomes).toEqual(['verified', 'ended']))
      expect(performance.now() - startedAt).toBeLessThan(1000)
      expect((await here.send((session) => session.userId)).value).toBeNull()
      await polling?.close()
      expect(idp.problems).toEqual([])
    }
  }, 60_000)
})

describe('options', () => {
  const sessions = createSessions({ store: outboxStore(memoryStore()), warn: () => {} })
  const good: SharedSignalsTransmitterOptions = {
    issuer: 'https://idp.example',
    keys: [privateJwk],
    receivers: [{ id: 'shop', audience: AUDIENCE, token: TOKEN }],
  }
  const weak = createKey('w', 'RS256', 1024).privateKey.export({ format: 'jwk' }) as SigningKey
  it.each<[string, Partial<SharedSignalsTransmitterOptions>]>([
    ['no key', { keys: [] }],
    ['a public key only', { keys: [key.jwk as SigningKey] }],
    ['an RSA key of 1024 bits', { keys: [weak] }],
    ['a key of another kind', { keys: [createKey('e', 'ES256').jwk as SigningKey] }],
    ['an issuer without https', { issuer: 'http://idp.example' }],
    ['a short token', { receivers: [{ id: 'shop', audience: AUDIENCE, token: 'short' }] }],
    ['a path that is none', { path: 'ssf' }],
  ])('refuses %s', (_, more) => {
    expect(() => sharedSignalsTransmitter(sessions, { ...good, ...more })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })

  it('refuses sessions without an outbox', () => {
    const plain = createSessions({ warn: () => {} })
    expect(() => sharedSignalsTransmitter(plain, good)).toThrow(/outboxStore/)
  })
})
