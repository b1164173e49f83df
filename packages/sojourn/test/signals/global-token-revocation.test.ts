import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { generateKeyPair } from 'jose'
import {
  type GlobalTokenRevocationSenderOptions,
  globalTokenRevocation,
  globalTokenRevocationSender,
  type RefusedRevocation,
  type RevocationDrop,
} from 'sojourn/signals/global-token-revocation'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createWorld, rejection } from '../core/kit.ts'
import { startIssuer } from './logout-kit.ts'

const SECRET = 'a secret for revocation, of 32 characters or more'.replaceAll(/[^a-z\d]/g, '-')
const AUDIENCE = 'https://shop.example/global-token-revocation'
const issuer = await startIssuer()
const other = await startIssuer()

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

function create() {
  const world = createWorld<object>()
  const refusals: RefusedRevocation[] = []
  const asked: unknown[] = []
  const { handler } = globalTokenRevocation({
    sessions: world.sessions,
    callers: [
      { name: 'crm', secret: [SECRET, `${SECRET}-new`] },
      { name: 'okta', issuer: issuer.issuer, audience: AUDIENCE },
    ],
    userOf: (subject, caller) => {
      asked.push([subject, caller])
      return subject.format === 'email' && subject.email === 'ada@example.com' ? 'user-1' : null
    },
    refused: (refused) => void refusals.push(refused),
    insecureHttp: true,
    clock: world.clock,
  })
  const post = (token: string, body: unknown = ADA, headers: Record<string, string> = {}): Promise<Response> =>
    handler(
      new Request(AUDIENCE, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    )
  const seconds = Math.floor(world.clock() / 1000)
  const claims = { iss: issuer.issuer, aud: AUDIENCE, iat: seconds, exp: seconds + 120, jti: 'one' }
  const sign = (more = {}, header = {}, key?: Parameters<typeof issuer.sign>[2]) =>
    issuer.sign({ ...claims, ...more }, { typ: 'global-token-revocation+jwt', ...header }, key)
  async function login(userId = 'user-1') {
    const client = world.client()
    await client.send((session) => session.login(userId))
    return async () => (await client.open()).session.userId !== null
  }
  return { ...world, handler, refusals, asked, post, sign, claims, login }
}

const ADA = { sub_id: { format: 'email', email: 'ada@example.com' } }

describe('a revocation', () => {
  it('ends all sessions of the user, and of nobody else, and answers 204', async () => {
    const world = create()
    const mine = [await world.login(), await world.login()]
    const bobs = await world.login('user-2')
    const response = await world.post(SECRET)
    expect(response.status).toBe(204)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await Promise.all(mine.map((isIn) => isIn()))).toEqual([false, false])
    expect(await bobs()).toBe(true)
    expect(world.eventsOf('ended').map(({ reason }) => reason)).toEqual(Array(2).fill('global-token-revocation'))
    expect(world.asked).toEqual([[ADA.sub_id, 'crm']])
  })

  it('is accepted with the next secret, and with a JWT of the issuer', async () => {
    const world = create()
    expect((await world.post(`${SECRET}-new`)).status).toBe(204)
    expect((await world.post(await world.sign())).status).toBe(204)
    expect(world.asked.map((each) => (each as unknown[])[1])).toEqual(['crm', 'okta'])
  })

  it('of a user that nobody knows is a 404', async () => {
    const world = create()
    const response = await world.post(SECRET, { sub_id: { format: 'email', email: 'bob@example.com' } })
    expect(response.status).toBe(404)
    expect(world.refusals).toEqual([{ reason: 'subject', caller: 'crm' }])
  })

  it('while the store is down is a 503, and can be sent again', async () => {
    const world = create()
    const isIn = await world.login()
    world.store.fail('list')
    const response = await world.post(SECRET)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(world.refusals).toMatchObject([{ reason: 'unavailable', caller: 'crm', error: { code: 'ERR_STORE' } }])
    expect((await world.post(SECRET)).status).toBe(204)
    expect(await isIn()).toBe(false)
  })
})

it.each<[string, () => unknown]>([
  ['throws', () => raiseRefused()],
  ['rejects', async () => raiseRefused()],
])('a function refused that %s changes no answer and ends no process', async (_, refused) => {
  const { handler } = globalTokenRevocation({
    sessions: createWorld<object>().sessions,
    callers: [{ name: 'crm', secret: SECRET }],
    userOf: () => null,
    refused,
  })
  expect((await handler(new Request(AUDIENCE))).status).toBe(405)
  await new Promise((resolve) => setTimeout(resolve, 0))
})

function raiseRefused(): never {
  throw new Error('the log is down')
}

describe('an attacker who wants to end the sessions of a user', () => {
  type Made = ReturnType<typeof create>
  const cases: [string, (world: Made) => Promise<Response>, number][] = [
    ['sends no token', (world) => world.post('', ADA, { authorization: '' }), 401],
    ['sends another scheme', (world) => world.post('', ADA, { authorization: `Basic ${btoa(`crm:${SECRET}`)}` }), 401],
    ['guesses the secret', (world) => world.post(`${SECRET.slice(0, -1)}x`), 401],
    ['sends a part of the secret', (world) => world.post(SECRET.slice(0, -1)), 401],
    ['sends the hash of nothing', (world) => world.post('='), 401],
    [
      'forges a JWT',
      async (world) => world.post(await world.sign({}, {}, (await generateKeyPair('RS256')).privateKey)),
      401,
    ],
    [
      'signs as another issuer',
      async (world) => world.post(await other.sign(world.claims, { typ: 'global-token-revocation+jwt' })),
      401,
    ],
    [
      'sends a JWT without a signature',
      (world) => {
        const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
        return world.post(`${encode({ alg: 'none', typ: 'global-token-revocation+jwt' })}.${encode(world.claims)}.`)
      },
      401,
    ],
    ['sends an access token of the issuer', async (world) => world.post(await world.sign({}, { typ: 'at+jwt' })), 401],
    [
      'sends a JWT for another application',
      async (world) => world.post(await world.sign({ aud: 'https://blog.example' })),
      401,
    ],
    ['sends an old JWT', async (world) => world.post(await world.sign({ iat: world.claims.iat - 361 })), 401],
    ['sends a JWT without an end', async (world) => world.post(await world.sign({ exp: undefined })), 401],
    [
      'posts from a form of another site',
      (world) => world.post(SECRET, 'sub_id=1', { 'content-type': 'text/plain' }),
      400,
    ],
    [
      'sends a body of a megabyte',
      (world) => world.post(SECRET, JSON.stringify({ ...ADA, x: 'a'.repeat(1_000_000) })),
      400,
    ],
    ['sends no JSON', (world) => world.post(SECRET, '{'), 400],
    ['sends no subject', (world) => world.post(SECRET, {}), 400],
    ['sends a list', (world) => world.post(SECRET, { sub_id: [ADA.sub_id] }), 400],
    ['sends a subject without a format', (world) => world.post(SECRET, { sub_id: { email: 'ada@example.com' } }), 400],
    [
      'opens it with a GET',
      (world) => world.handler(new Request(AUDIENCE, { headers: { authorization: `Bearer ${SECRET}` } })),
      405,
    ],
  ]
  it.each(cases)('%s', async (_, request, status) => {
    const world = create()
    const isIn = await world.login()
    const response = await request(world)
    expect(response.status).toBe(status)
    expect(response.headers.get('cache-control')).toBe('no-store')
    if (status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await isIn()).toBe(true)
    expect(world.asked).toEqual([])
    expect(world.refusals).toHaveLength(1)
  })
})

describe('the options of the receiver', () => {
  const { sessions } = create()
  const good = { sessions, callers: [{ name: 'crm', secret: SECRET }], userOf: () => null }
  it.each([
    ['no callers', { ...good, callers: [] }],
    ['a short secret', { ...good, callers: [{ name: 'crm', secret: 'short' }] }],
    ['no proof', { ...good, callers: [{ name: 'crm' }] }],
    ['both proofs', { ...good, callers: [{ name: 'a', secret: SECRET, issuer: 'https://id.example', audience: 'a' }] }],
    ['no audience', { ...good, callers: [{ name: 'a', issuer: 'https://id.example' }] }],
    ['a name twice', { ...good, callers: [...good.callers, ...good.callers] }],
    [
      'HS256',
      { ...good, callers: [{ name: 'a', issuer: 'https://id.example', audience: 'a', algorithms: ['HS256'] }] },
    ],
    ['no userOf', { ...good, userOf: undefined }],
    ['an unknown option', { ...good, path: '/x' }],
  ])('%s throw ERR_OPTION', async (_, options) => {
    expect((await rejection(() => globalTokenRevocation(options as never))).code).toBe('ERR_OPTION')
  })
})

describe('a sender', () => {
  interface Received {
    readonly authorization: string | undefined
    readonly body: unknown
  }

  async function start(
    more: Partial<GlobalTokenRevocationSenderOptions> = {},
    token: string | (() => string) = 'the-token',
  ) {
    const world = createWorld<object>()
    const received: Received[] = []
    const answers: number[] = []
    const server = createServer(async (request, response) => {
      received.push({ authorization: request.headers.authorization, body: JSON.parse(await text(request)) })
      response.writeHead(answers.shift() ?? 204, { location: '/elsewhere' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => server.close())
    const drops: RevocationDrop[] = []
    const waits: (() => void)[] = []
    const sender = globalTokenRevocationSender(world.sessions, {
      endpoints: [{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/revoke?a=1`, token }],
      subjectOf: (userId) => (userId === 'local' ? null : { format: 'opaque', id: userId }),
      dropped: (drop) => void drops.push(drop),
      insecureHttp: true,
      timing: {
        after: (ms, callback, how) => {
          if (how === 'background') waits.push(callback)
          else return toCancel(setTimeout(callback, ms))
          return () => undefined
        },
      },
      ...more,
    })
    return { ...world, sender, received, answers, drops, waits }
  }

  const toCancel = (timer: NodeJS.Timeout) => () => clearTimeout(timer)

  it.each(['passwordChanged', 'factorChanged', 'accountDisabled', 'accountDeleted'] as const)(
    'asks the other system when %s was called',
    async (method) => {
      const world = await start()
      await world.sessions[method]('ada')
      await vi.waitFor(() => expect(world.received).toHaveLength(1))
      expect(world.received).toEqual([
        { authorization: 'Bearer the-token', body: { sub_id: { format: 'opaque', id: 'ada' } } },
      ])
    },
  )

  it('asks nothing for other changes, and for users whom the other system does not know', async () => {
    const world = await start()
    await world.sessions.roleChanged('ada')
    await world.sessions.passwordChanged('local')
    await world.sender.close()
    expect(world.received).toEqual([])
  })

  it('tries again until the other system answers, with a new token each time, and follows no redirect', async () => {
    let count = 0
    const world = await start({}, () => `token-${++count}`)
    world.answers.push(503, 302)
    const sending = world.sender.revoke('ada')
    for (let tries = 0; tries < 2; tries++) {
      await vi.waitFor(() => expect(world.waits.length).toBeGreaterThan(0))
      world.waits.shift()?.()
    }
    await sending
    expect(world.received.map(({ authorization }) => authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-3',
    ])
    expect(world.drops).toEqual([])
  })

  it('is content if the other system does not know the user', async () => {
    const world = await start()
    world.answers.push(404)
    await world.sender.revoke('ada')
    expect(world.received).toHaveLength(1)
    expect(world.drops).toEqual([])
  })

  it('reports what will never arrive, without the query of the URL', async () => {
    const world = await start({ attempts: 1 })
    world.answers.push(500)
    await world.sender.revoke('ada')
    expect(world.drops).toMatchObject([{ reason: 'attempts', userId: 'ada', status: 500 }])
    expect(world.drops[0]?.url).not.toContain('?')
  })

  it.each<[string, () => unknown]>([
    ['throws', () => raise()],
    ['rejects', async () => raise()],
  ])('a function dropped that %s ends no process, and is reported', async (_, dropped) => {
    const world = await start({ attempts: 1, dropped })
    world.answers.push(500, 500)
    await world.sessions.passwordChanged('ada')
    await vi.waitFor(() =>
      expect(world.eventsOf('fault')).toMatchObject([{ error: { message: 'no place for drops' } }]),
    )
    await expect(world.sender.revoke('ada')).rejects.toThrow('no place for drops')
    await world.sender.close()
  })

  const raise = (): never => {
    throw new Error('no place for drops')
  }

  it('tries what waits a last time when it is closed', async () => {
    const world = await start()
    world.answers.push(500)
    const sending = world.sender.revoke('ada')
    await vi.waitFor(() => expect(world.waits).toHaveLength(1))
    await world.sender.close()
    await sending
    expect(world.received).toHaveLength(2)
    await world.sessions.passwordChanged('ada')
    expect(world.received).toHaveLength(2)
  })

  it('reports a failure to find the subject as a fault, and the change of the account is done', async () => {
    const world = await start({ subjectOf: () => Promise.reject(new Error('down')) })
    await world.sessions.passwordChanged('ada')
    await vi.waitFor(() => expect(world.eventsOf('fault')).toHaveLength(1))
  })

  it.each<[string, Partial<GlobalTokenRevocationSenderOptions>, (() => Promise<string>)?]>([
    ['a subject', { subjectOf: () => new Promise(() => {}) }],
    ['a token', {}, () => new Promise(() => {})],
  ])('%s that the application never returns holds up no shutdown, and is reported', async (_, more, token) => {
    const world = await start({ timeout: '50ms', attempts: 1, ...more }, token as never)
    await world.sessions.passwordChanged('ada')
    await world.sender.close()
    expect(world.eventsOf('fault').length + world.drops.length).toBe(1)
  })
})
