import { text } from 'node:stream/consumers'
import { generateKeyPair } from 'jose'
import {
  type GlobalTokenRevocationOptions,
  type GlobalTokenRevocationSenderOptions,
  globalTokenRevocation,
  globalTokenRevocationSender,
  type RefusedRevocation,
  type RevocationDrop,
} from 'sojourn/signals/global-token-revocation'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createWorld } from '../core/kit.ts'
import { startIssuer } from './logout-kit.ts'
import { breakingBody, listen } from './signals-kit.ts'

const SECRET = 'a-secret-for-revocation-of-32-characters-or-more'
const AUDIENCE = 'https://shop.example/global-token-revocation'
const ADA = JSON.stringify({ sub_id: { format: 'email', email: 'ada@example.com' } })
const issuer = await startIssuer()
await issuer.addKey()

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

function create(more: Partial<GlobalTokenRevocationOptions> = {}) {
  const world = createWorld<object>()
  const refusals: RefusedRevocation[] = []
  const { handler } = globalTokenRevocation({
    sessions: world.sessions,
    callers: [
      { name: 'crm', secret: SECRET },
      { name: 'okta', issuer: issuer.issuer, audience: AUDIENCE },
    ],
    userOf: () => 'user-1',
    refused: (refused) => void refusals.push(refused),
    insecureHttp: true,
    clock: world.clock,
    ...more,
  })
  const post = (token = SECRET, body: BodyInit = ADA): Promise<Response> =>
    handler(
      new Request(AUDIENCE, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body,
        duplex: 'half',
      } as RequestInit),
    )
  const sign = (key?: Parameters<typeof issuer.sign>[2]) => {
    const iat = Math.floor(world.clock() / 1000)
    const claims = { iss: issuer.issuer, aud: AUDIENCE, iat, exp: iat + 120, jti: 'one' }
    return issuer.sign(claims, { typ: 'global-token-revocation+jwt', kid: undefined as never }, key)
  }
  return { ...world, refusals, post, sign }
}

describe('the receiver', () => {
  it('answers 503 to a key that is new moments after the keys were read, and is told of no outage', async () => {
    const fresh = await startIssuer()
    const world = create({ callers: [{ name: 'okta', issuer: fresh.issuer, audience: AUDIENCE }] })
    const iat = Math.floor(world.clock() / 1000)
    const sign = () =>
      fresh.sign(
        { iss: fresh.issuer, aud: AUDIENCE, iat, exp: iat + 120, jti: 'one' },
        { typ: 'global-token-revocation+jwt' },
      )
    expect((await world.post(await sign())).status).toBe(204)
    await fresh.addKey()
    expect((await world.post(await sign())).status).toBe(503)
    expect(world.refusals).toMatchObject([{ reason: 'caller' }])
    world.clock.advance(6000)
    expect((await world.post(await sign())).status).toBe(204)
  })

  it('accepts a JWT that does not name its key, if one of two keys of the issuer made it', async () => {
    const world = create()
    expect((await world.post(await world.sign())).status).toBe(204)
    world.clock.advance(6000)
    expect((await world.post(await world.sign((await generateKeyPair('RS256')).privateKey))).status).toBe(401)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
  ])('answers 404 if userOf returns %s, because the caller need not try again', async (_, userId) => {
    const world = create({ userOf: () => userId })
    expect((await world.post()).status).toBe(404)
    expect(world.refusals).toEqual([{ reason: 'subject', caller: 'crm' }])
  })

  it.each([
    ['a number', 7],
    ['an empty text', ''],
  ])('answers 503 if userOf returns %s, and says why', async (_, userId) => {
    const world = create({ userOf: () => userId as never })
    expect((await world.post()).status).toBe(503)
    expect(world.refusals).toMatchObject([{ reason: 'unavailable', error: { code: 'ERR_OPTION' } }])
  })

  it('answers 503 if userOf never answers', async () => {
    const world = create({ userOf: () => new Promise(() => {}) })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const answer = world.post()
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { interval: 1 })
    await vi.advanceTimersByTimeAsync(10_000)
    vi.useRealTimers()
    expect((await answer).status).toBe(503)
    expect(world.refusals).toMatchObject([{ reason: 'unavailable' }])
  })

  it('answers 503 to a body that breaks off', async () => {
    const world = create()
    expect((await world.post(SECRET, breakingBody())).status).toBe(503)
  })
})

describe('the sender', () => {
  function sending(url: string, more: Partial<GlobalTokenRevocationSenderOptions> = {}) {
    const world = createWorld<object>()
    const drops: RevocationDrop[] = []
    const sender = globalTokenRevocationSender(world.sessions, {
      endpoints: [{ url, token: 'the-token' }],
      subjectOf: (userId) => ({ format: 'opaque', id: userId }),
      dropped: (drop) => void drops.push(drop),
      insecureHttp: true,
      attempts: 2,
      firstRetry: '1ms',
      timeout: '200ms',
      ...more,
    })
    return { ...world, sender, drops }
  }

  it.each([301, 302, 303, 307, 308])('follows no redirect (%d) into the private network', async (status) => {
    const inner = vi.fn()
    const secret = await listen((_, response) => {
      inner()
      response.end()
    })
    const server = await listen((_, response) => {
      response.writeHead(status, { location: `${secret.url}/admin` }).end()
    })
    cleanups.push(secret.close, server.close)
    const { sender, drops } = sending(server.url)
    await sender.revoke('ada')
    expect(inner).not.toHaveBeenCalled()
    expect(drops).toMatchObject([{ reason: 'attempts', userId: 'ada' }])
  })

  it.each<[string, Parameters<typeof listen>[0]]>([
    ['never answers', () => {}],
    [
      'sends its head one byte at a time',
      (request) => {
        const head = 'HTTP/1.1 204 No Content\r\nx-slow: 1'
        let at = 0
        const timer = setInterval(() => request.socket.write(head[at++ % head.length] ?? ''), 20)
        request.socket.on('close', () => clearInterval(timer)).on('error', () => {})
      },
    ],
    ['closes without an answer', (request) => void request.socket.destroy()],
    ['answers with no HTTP', (request) => void request.socket.end('hello\r\n\r\n')],
    [
      'answers with a head of ten megabytes',
      (request) =>
        void request.socket.on('error', () => {}).end(`HTTP/1.1 204 x\r\nx: ${'y'.repeat(10_000_000)}\r\n\r\n`),
    ],
  ])('gives up on an endpoint that %s, and its close is not held up', async (_, listener) => {
    const server = await listen(listener)
    cleanups.push(server.close)
    const { sender, drops } = sending(server.url)
    await sender.revoke('ada')
    expect(drops).toMatchObject([{ reason: 'attempts', userId: 'ada', status: null }])
    const waiting = sender.revoke('bob')
    const startedAt = performance.now()
    await sender.close()
    await waiting
    expect(performance.now() - startedAt).toBeLessThan(2000)
    expect(drops).toHaveLength(2)
  })

  it('reads nothing of an answer without end, and holds no connection', async () => {
    let sent = 0
    const closed = vi.fn()
    const server = await listen((_, response) => {
      const chunk = Buffer.alloc(65_536)
      response.on('close', closed).writeHead(200)
      const more = (): void => {
        sent += chunk.length
        if (!response.destroyed) response.write(chunk, () => setImmediate(more))
      }
      more()
    })
    cleanups.push(server.close)
    const { sender, drops } = sending(server.url)
    await sender.revoke('ada')
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce())
    expect(drops).toEqual([])
    expect(sent).toBeLessThan(20_000_000)
  })

  it('has at most four requests in flight for one endpoint after a mass revocation', async () => {
    let now = 0
    let most = 0
    const server = await listen(async (request, response) => {
      most = Math.max(most, ++now)
      await text(request)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now -= 1
      response.writeHead(204).end()
    })
    cleanups.push(server.close)
    const { sender, drops } = sending(server.url, { timeout: '5s' })
    await Promise.all(Array.from({ length: 100 }, (_, index) => sender.revoke(`user-${index}`)))
    expect(drops).toEqual([])
    expect(most).toBeLessThanOrEqual(4)
  })

  it('waits as long as Retry-After says', async () => {
    const waits: number[] = []
    const server = await listen((_, response) => response.writeHead(503, { 'retry-after': '60' }).end())
    cleanups.push(server.close)
    const after = (ms: number, callback: () => void): (() => void) => {
      waits.push(ms)
      const timer = setTimeout(callback, ms === 60_000 ? 0 : ms)
      return () => clearTimeout(timer)
    }
    const { sender, drops } = sending(server.url, { timing: { after } })
    await sender.revoke('ada')
    expect(waits).toContain(60_000)
    expect(drops).toHaveLength(1)
  })

  it('shows its bearer token and the subject in no drop', async () => {
    const { sender, drops } = sending('http://127.0.0.1:1/?key=secret-of-the-url', { attempts: 1 })
    await sender.revoke('ada')
    expect(JSON.stringify(drops)).not.toMatch(/the-token|secret-of-the-url|opaque/)
  })

  it.each(['http://crm.example/x', 'https://user:pass@crm.example/x', 'file:///etc/passwd', 'javascript:0'])(
    'is not created for %s',
    (url) => {
      expect(() => sending(url, { insecureHttp: false })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    },
  )
})
