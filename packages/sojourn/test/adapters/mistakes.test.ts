import { createServer, type IncomingMessage } from 'node:http'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { withActionSession, withSession as withNextSession } from 'sojourn/next'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { reactRouterSessions } from 'sojourn/react-router'
import { svelteKitSessions } from 'sojourn/sveltekit'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from './support/node-reply.ts'

/** As JavaScript has it, where nothing checks types. */
type Loose = (...args: readonly unknown[]) => unknown

const handler = (): Response => new Response()
const MOUNTS: readonly [name: string, mount: (sessions?: unknown, options?: unknown) => unknown][] = [
  ['expressSessions', (...args) => (expressSessions as Loose)(...args)],
  ['honoSessions', (...args) => (honoSessions as Loose)(...args)],
  ['koaSessions', (...args) => (koaSessions as Loose)(...args)],
  ['nodeSessions', (...args) => (nodeSessions as Loose)(...args)],
  ['reactRouterSessions', (...args) => (reactRouterSessions as Loose)(...args)],
  ['svelteKitSessions', (...args) => (svelteKitSessions as Loose)(...args)],
  ['withActionSession', (sessions, options) => (withActionSession as Loose)(sessions, handler, options)],
  ['withNodeSession', (sessions, options) => (withNodeSession as Loose)(sessions, handler, options)],
  ['withSession', (sessions, options) => (withSession as Loose)(sessions, handler, options)],
  ['withSession', (sessions, options) => (withNextSession as Loose)(sessions, handler, options)],
]
/** The others have the framework's own setting. */
const WITH_TRUST_PROXY = MOUNTS.filter(
  ([name]) => !['expressSessions', 'koaSessions', 'svelteKitSessions'].includes(name),
)

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('a value that is not a Sessions object is refused when the adapter is created', () => {
  describe.each(MOUNTS)('%s', (name, mount) => {
    test.each([
      ['nothing', undefined],
      ['null', null],
      ['an object of options', {}],
      ['the function itself', createSessions],
      ['a store', createSessions().store],
      ['sessions in braces', { sessions: createSessions() }],
    ])('%s', (_, given) => {
      expect(() => mount(given)).toThrow(
        expect.objectContaining({
          code: 'ERR_OPTION',
          message: expect.stringContaining(`${name} got no sessions. Pass it what createSessions() returned.`),
        }),
      )
    })
  })

  test.each([
    ['register(fastifySessions)', undefined],
    ['register(fastifySessions, {})', {}],
    ['register(fastifySessions, sessions)', createSessions()],
    ['register(fastifySessions, { sessions: createSessions })', { sessions: createSessions }],
  ])('%s', async (_, options) => {
    const app = Fastify()
    closing.push(() => app.close())
    await expect((async () => app.register(fastifySessions, options as never))()).rejects.toMatchObject({
      code: 'ERR_OPTION',
      message: expect.stringContaining('app.register(fastifySessions, { sessions })'),
    })
  })

  test('register(fastifySessions(sessions))', () => {
    expect(() => (fastifySessions as Loose)(createSessions())).toThrow('app.register(fastifySessions, { sessions })')
  })

  test('Fastify: registered twice, with the same sessions or others, on a part of the application or the whole', async () => {
    for (const isPart of [false, true]) {
      const app = Fastify()
      closing.push(() => app.close())
      await app.register(fastifySessions, { sessions: createSessions() })
      const again = async () => {
        if (isPart) await app.register(async (part) => part.register(fastifySessions, { sessions: createSessions() }))
        else await app.register(fastifySessions, { sessions: createSessions() })
      }
      await expect(again()).rejects.toMatchObject({
        code: 'ERR_OPTION',
        message: expect.stringContaining('fastifySessions is registered twice'),
      })
    }
  })
})

describe('options that nobody reads are refused when the adapter is made', () => {
  describe.each(WITH_TRUST_PROXY)('%s', (name, mount) => {
    test.each([
      ['a misspelled one', { trustproxy: 1 }, `${name} has no option "trustproxy"`],
      ['one of Express', { 'trust proxy': 1 }, `${name} has no option "trust proxy"`],
      ['a number', 1, `${name} takes an object of options`],
      // Taken for "everybody" it would let any client choose its address.
      ['an address, as Fastify and Express take it', { trustProxy: '10.0.0.7' }, 'trustProxy'],
      ['a list of addresses', { trustProxy: ['10.0.0.7'] }, 'trustProxy'],
      ['a count in text', { trustProxy: '1' }, 'trustProxy'],
      ['a count below zero', { trustProxy: -1 }, 'trustProxy'],
      ['a part of a proxy', { trustProxy: 1.5 }, 'trustProxy'],
      ['no number', { trustProxy: Number.NaN }, 'trustProxy'],
    ])('%s', (_, options, message) => {
      expect(() => mount(createSessions(), options)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining(message) }),
      )
    })

    test.each([undefined, {}, { trustProxy: undefined }, { trustProxy: 0 }, { trustProxy: true }])(
      '%j is fine',
      (options) => {
        expect(mount(createSessions(), options)).toBeTypeOf('function')
      },
    )
  })

  test.each([
    ['withSession', withSession as Loose],
    ['withSession', withNextSession as Loose],
    ['withActionSession', withActionSession as Loose],
    ['withNodeSession', withNodeSession as Loose],
  ])('%s without a handler', (name, mount) => {
    expect(() => mount(createSessions())).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining(`${name} got no handler`) }),
    )
  })

  test.each([
    ['withSession', withSession as Loose],
    ['honoSessions', ((sessions, _, options) => (honoSessions as Loose)(sessions, options)) as Loose],
  ])('%s: peer is a function', (_, mount) => {
    expect(() => mount(createSessions(), handler, { peer: '10.0.0.7' })).toThrow(/peer must be a function/)
  })

  test('expressSessions takes none: Express has its own setting', () => {
    expect(() => (expressSessions as Loose)(createSessions(), { trustProxy: 1 })).toThrow(/app\.set\('trust proxy'/)
  })

  test('koaSessions takes none: Koa has its own setting', () => {
    expect(() => (koaSessions as Loose)(createSessions(), { trustProxy: 1 })).toThrow(/app\.proxy = true/)
  })

  test('fastifySessions: its own are refused when unknown, those of register are not', async () => {
    const wrong = Fastify()
    closing.push(() => wrong.close())
    const options = { sessions: createSessions(), trustProxy: 1 }
    await expect((async () => wrong.register(fastifySessions, options))()).rejects.toMatchObject({
      code: 'ERR_OPTION',
      message: expect.stringContaining('fastifySessions has no option "trustProxy"'),
    })
    const right = Fastify()
    closing.push(() => right.close())
    await right.register(fastifySessions, { sessions: createSessions(), prefix: '/', logLevel: 'warn' })
  })
})

describe('a handler without the adapter hears what is missing', () => {
  const missing = expect.objectContaining({
    code: 'ERR_NO_SESSION',
    message: expect.stringContaining('Mount the sojourn adapter before this handler'),
  })

  test('sessions.get, whatever it is given', () => {
    for (const target of [{}, undefined, null, 'req', 7]) {
      expect(() => (createSessions().get as Loose)(target)).toThrow(missing)
    }
  })

  test('Express: a route before the adapter', async () => {
    const sessions = createSessions()
    const app = express()
    app.get('/', (request, response) => void response.send(sessions.get(request).userId))
    app.use(expressSessions(sessions))
    let told: unknown
    app.use((error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
      told = error
      response.sendStatus(500)
    })
    const { origin, close } = await listen(createServer(app))
    closing.push(close)
    await fetch(origin)
    expect(told).toEqual(missing)
  })

  test('Koa: middleware before the adapter', async () => {
    const sessions = createSessions()
    const app = new Koa()
    app.use((ctx) => {
      ctx.body = sessions.get(ctx).userId
    })
    app.use(koaSessions(sessions))
    let told: unknown
    app.on('error', (error) => {
      told = error
    })
    const { origin, close } = await listen(createServer(app.callback()))
    closing.push(close)
    expect((await fetch(origin)).status).toBe(500)
    expect(told).toEqual(missing)
  })

  test('Fastify, Hono and node:http, never mounted', async () => {
    const sessions = createSessions()
    const told: unknown[] = []
    const look = (target: object): string => {
      try {
        return String(sessions.get(target).userId)
      } catch (error) {
        told.push(error)
        return 'none'
      }
    }
    const app = Fastify()
    closing.push(() => app.close())
    app.get('/', (request) => look(request))
    await app.inject('/')
    const hono = new Hono()
    hono.get('/', (c) => c.text(look(c)))
    await hono.request('/')
    look(new Request('https://shop.example/'))
    const { origin, close } = await listen(createServer((request: IncomingMessage, r) => void r.end(look(request))))
    closing.push(close)
    await fetch(origin)
    expect(told).toEqual([missing, missing, missing, missing])
  })
})

describe('an adapter that another framework calls names the right one', () => {
  const sessions = createSessions()
  const use = (mount: (sessions?: unknown, options?: unknown) => unknown): never => mount(sessions) as never
  // Server actions may take anything.
  const others = (own: readonly string[]) =>
    MOUNTS.filter(([name]) => name !== 'withActionSession' && !own.includes(name)).map(
      ([name, mount]) => [name, use(mount)] as const,
    )
  const message = (name: string, right: string): string =>
    `An option is wrong. ${name} does not serve this framework. Use ${right}.`

  test.each(others(['expressSessions', 'nodeSessions', 'withNodeSession']))('%s in Express', async (name, mounted) => {
    const app = express()
    app.use(mounted)
    let told = ''
    app.use(((error, _request, response, _next) => {
      told = error.message
      response.end()
    }) satisfies express.ErrorRequestHandler)
    const { origin, close } = await listen(createServer(app))
    closing.push(close)
    await fetch(origin)
    expect(told).toBe(message(name, 'expressSessions from sojourn/express'))
  })

  test.each(others(['koaSessions']))('%s in Koa', async (name, mounted) => {
    const app = new Koa()
    const told: string[] = []
    app.on('error', (error: Error) => told.push(error.message))
    app.use(mounted)
    const { origin, close } = await listen(createServer(app.callback()))
    closing.push(close)
    await fetch(origin)
    expect(told).toEqual([message(name, 'koaSessions from sojourn/koa')])
  })

  test.each(others(['honoSessions']))('%s in Hono', async (name, mounted) => {
    const app = new Hono()
    let told = ''
    app.onError((error, c) => {
      told = error.message
      return c.text('')
    })
    app.use(mounted)
    await app.request('/')
    expect(told).toBe(message(name, 'honoSessions from sojourn/hono'))
  })

  test.each(others([]))('%s registered in Fastify', async (name, mounted: Loose) => {
    const app = Fastify()
    closing.push(() => app.close())
    await expect((async () => mounted(app, {}, () => undefined))()).rejects.toThrow(
      message(name, 'fastifySessions from sojourn/fastify'),
    )
  })

  test.each([
    ['svelteKitSessions from sojourn/sveltekit', { event: {}, resolve: () => new Response() }],
    ['reactRouterSessions from sojourn/react-router', { context: {}, params: {} }],
  ])('withSession where %s belongs', async (right, first) => {
    await expect(
      (async () => (use(MOUNTS.find(([name]) => name === 'withSession')?.[1] as never) as Loose)(first))(),
    ).rejects.toThrow(message('withSession', right))
  })
})
