import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import { createSessions, type Sessions } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { koaSessions } from 'sojourn/koa'
import { afterEach, describe, expect, test } from 'vitest'
import { type Clock, createClock, HOUR } from '../core/kit.ts'
import { listen } from './support/node-reply.ts'
import { failingStore, lateStore } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Parkable {
  readonly port: number
  /** The cookie that the thief copied. */
  readonly stolen: string
  /** When the next request has been let in. */
  readonly opened: () => Promise<unknown>
}

interface Scene extends Parkable {
  readonly app: FastifyInstance
  readonly origin: string
  readonly clock: Clock
  readonly sessions: Sessions<object>
}

/** Ada is logged in, and somebody has a copy of her cookie. */
async function setUp(options: { http2?: true } = {}): Promise<Scene> {
  const clock = createClock()
  const sessions = createSessions({ store: lateStore(), clock })
  const app = Fastify({ forceCloseConnections: true, ...options } as object) as FastifyInstance
  closing.push(() => app.close())
  app.register(fastifySessions, { sessions })
  let letIn = (): void => {}
  app.addHook('onRequest', async () => letIn())
  app.post('/login', async (request) => {
    await request.session.login('ada')
    return 'ok'
  })
  app.post('/transfer', async (request) => ({ user: request.session.userId, refused: request.session.refused }))
  app.post('/remember', async (request, reply) => {
    const { userId } = request.session
    if (userId === null) return reply.code(401).send('log in')
    await request.session.login(userId, { absolute: '30d' })
    return 'remembered'
  })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const stolen = (await app.inject({ method: 'POST', url: '/login' })).headers['set-cookie']
  return {
    app,
    origin,
    port: Number(new URL(origin).port),
    clock,
    sessions,
    stolen: String(stolen).split(';')[0] ?? '',
    opened: () =>
      new Promise<void>((resolve) => {
        letIn = resolve
      }),
  }
}

const BODY = '{"amount":100}'

/** All of a request but the last byte of its body, and a way to send that. */
async function park(scene: Parkable, path: string, more = ''): Promise<() => Promise<string>> {
  const socket: Socket = connect(scene.port, '127.0.0.1')
  closing.push(() => socket.destroy())
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
  })
  const isOpen = scene.opened()
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${scene.stolen}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${BODY.length}\r\n${more}Connection: close\r\n\r\n${BODY.slice(0, -1)}`,
  )
  await isOpen
  return async () => {
    socket.write(BODY.slice(-1))
    await once(socket, 'close')
    return received
  }
}

describe('on Fastify, a request that a thief parked before its last byte', () => {
  test.each<[what: string, happen: (scene: Scene) => unknown, refused: string]>([
    ['a revocation', ({ sessions, clock }) => sessions.revokeAll('ada').then(() => clock.advance(2000)), 'ended'],
    ['the idle limit', ({ clock }) => clock.advance(HOUR), 'expired'],
    ['both limits', ({ clock }) => clock.advance(48 * HOUR), 'expired'],
  ])('does not outlive %s', async (_, happen, refused) => {
    const scene = await setUp()
    const sendLast = await park(scene, '/transfer')
    await happen(scene)
    expect(await sendLast()).toContain(`{"user":null,"refused":"${refused}"}`)
  })

  test('brings no new session about', async () => {
    const scene = await setUp()
    const sendLast = await park(scene, '/remember')
    await scene.sessions.revokeAll('ada')
    scene.clock.advance(2000)
    const answer = await sendLast()
    expect(answer).toMatch(/^HTTP\/1\.1 401/)
    expect(answer).not.toMatch(/set-cookie/i)
    expect(await scene.sessions.list('ada')).toEqual([])
  })

  test('with Expect: 100-continue neither', async () => {
    const scene = await setUp()
    const sendLast = await park(scene, '/transfer', 'Expect: 100-continue\r\n')
    await scene.sessions.revokeAll('ada')
    scene.clock.advance(2000)
    expect(await sendLast()).toContain('{"user":null,"refused":"ended"}')
  })

  test('over HTTP/2 neither', async () => {
    const scene = await setUp({ http2: true })
    const client = connectHttp2(scene.origin)
    closing.push(() => client.destroy())
    const isOpen = scene.opened()
    const stream = client.request({
      ':method': 'POST',
      ':path': '/transfer',
      cookie: scene.stolen,
      'content-type': 'application/json',
    })
    stream.write(BODY.slice(0, -1))
    await isOpen
    await scene.sessions.revokeAll('ada')
    scene.clock.advance(2000)
    stream.end(BODY.slice(-1))
    let body = ''
    for await (const text of stream.setEncoding('utf8')) body += text
    expect(body).toBe('{"user":null,"refused":"ended"}')
  })

  test('acts as before if the session is still alive', async () => {
    const scene = await setUp()
    const sendLast = await park(scene, '/transfer')
    scene.clock.advance(10_000)
    expect(await sendLast()).toContain('{"user":"ada","refused":null}')
  })
})

test('on Koa, behind a body parser, a request that a thief parked before its last byte does not outlive a revocation', async () => {
  const sessions = createSessions({ store: lateStore() })
  let letIn = (): void => {}
  const app = new Koa()
  app.use((_, next) => {
    letIn()
    return next()
  })
  app.use(bodyParser())
  app.use(koaSessions(sessions))
  app.use(async (ctx) => {
    if (ctx.path === '/login') await ctx.session.login('ada')
    ctx.body = { user: ctx.session.userId, refused: ctx.session.refused }
  })
  const { origin, close } = await listen(createServer(app.callback()))
  closing.push(close)
  const login = await fetch(`${origin}/login`, { method: 'POST' })
  const scene: Parkable = {
    port: Number(new URL(origin).port),
    stolen: login.headers.getSetCookie()[0]?.split(';')[0] ?? '',
    opened: () =>
      new Promise<void>((resolve) => {
        letIn = resolve
      }),
  }
  const sendLast = await park(scene, '/transfer')
  await sessions.revokeAll('ada')
  expect(await sendLast()).toContain('{"user":null,"refused":"ended"}')
})

test('on Fastify, a store that cannot be asked again is an outage, not an anonymous visitor', async () => {
  const clock = createClock()
  const store = lateStore()
  const sessions = createSessions({ store, clock })
  const app = Fastify()
  closing.push(() => app.close())
  app.register(fastifySessions, { sessions })
  app.addHook('preParsing', async (request) => {
    if (request.url !== '/') return
    clock.advance(2000)
    store.read = failingStore('read').read
  })
  app.post('/login', async (request) => {
    await request.session.login('ada')
    return 'ok'
  })
  app.post('/', async () => 'handled')
  const visitor = createVisitor(await app.listen({ port: 0, host: '127.0.0.1' }))
  await visitor.fetch('/login', { method: 'POST' })
  const response = await visitor.fetch('/', { method: 'POST' })
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
})

test('in a fetch handler, reload after the body does the same', async () => {
  const clock = createClock()
  const sessions = createSessions({ store: lateStore(), clock })
  const handler = withSession(sessions, async (request, session) => {
    const body = await request.text()
    await session.reload()
    if (body === 'login') await session.login('ada')
    return new Response(session.userId)
  })
  const url = 'https://shop.example/'
  const login = await handler(new Request(url, { method: 'POST', body: 'login' }))
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const { readable, writable } = new TransformStream<Uint8Array>()
  const init = { method: 'POST', body: readable, headers: { cookie }, duplex: 'half' }
  const answer = handler(new Request(url, init as RequestInit))
  await new Promise((resolve) => setImmediate(resolve))
  await sessions.revokeAll('ada')
  await writable.close()
  expect(await (await answer).text()).toBe('')
})
