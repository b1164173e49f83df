import { randomUUID } from 'node:crypto'
import { createServer, request as sendRequest } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import Fastify from 'fastify'
import { createSessions, memoryStore } from 'sojourn'
import { expressSessions, requireFresh, requireUser } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { koaSessions } from 'sojourn/koa'
import { describe, expect, test, vi } from 'vitest'
import { tablesOf } from './docs/tables.ts'

const PAGE = 'docs/reference/mistakes.md'
const expressSession = createRequire(import.meta.url)('express-session') as (options: object) => RequestHandler

function rowsOf(group: string): readonly (readonly [mistake: string, message: string])[] {
  const table = tablesOf(PAGE).find(({ kind, words }) => kind === 'mistakes' && words[0] === group)
  return (table?.rows ?? []).map(([mistake = '', message = '']) => [mistake, message])
}

/** As in a cell of the page. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll('`', '')
}

/** Runs code of the page, as JavaScript. */
function run(code: string, names: Readonly<Record<string, unknown>>): unknown {
  const body = `return (async () => { ${code} })()`
  return new Function(...Object.keys(names), body)(...Object.values(names))
}

/** The message of the error that these handlers end in, and the warnings, of one request. */
async function request(
  handlers: readonly RequestHandler[],
  headers: Record<string, string> = { host: 'localhost' },
  method = 'GET',
): Promise<string> {
  const app = express()
  let message = ''
  const onError: ErrorRequestHandler = (error, _request, response, _next) => {
    message = messageOf(error)
    if (response.headersSent) response.destroy()
    else response.status(500).end()
  }
  app.use(...handlers, onError)
  const server = createServer(app).listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    const options = { port, headers, method, agent: false }
    sendRequest(options, (response) => response.resume().on('close', resolve))
      .on('error', resolve)
      .end()
  })
  server.close()
  return message
}

describe('mistakes at the start', () => {
  class RedisStore {
    get(): void {}
    set(): void {}
    destroy(): void {}
  }
  const names = {
    createSessions,
    requireFresh,
    requireUser,
    expressSessions,
    fastifySessions,
    withSession,
    randomUUID,
    RedisStore,
    client: {},
    requireLogin: function requireLogin() {},
    handler: () => new Response(),
    process: { env: {} },
  }

  test.each(rowsOf('start'))('%s', async (code, message) => {
    const more = { sessions: createSessions(), app: Fastify() }
    const error = await Promise.resolve(run(`await ${code}`, { ...names, ...more })).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(messageOf(error)).toBe(message)
  })
})

describe('mistakes in a request', () => {
  test.each(rowsOf('request'))('%s', async (code, message) => {
    const sessions = createSessions()
    const handler: RequestHandler = async (req, res, next) => {
      await Promise.resolve(run(code, { req, res, sessions })).then(() => res.end(), next)
    }
    expect(await request([expressSessions(sessions), handler])).toBe(message)
  })
})

describe('mistakes of parts that do not fit together', () => {
  const answer: RequestHandler = (_, res) => void res.end()
  const login: RequestHandler = async (req, res) => {
    await req.session.login('ada')
    res.end()
  }
  const MAKE: Readonly<Record<string, (warn: (message: string) => void) => unknown>> = {
    'the adapter is mounted after a route that calls sessions.get(req)'() {
      const sessions = createSessions()
      return request([(req, res) => void res.end(sessions.get(req).userId), expressSessions(sessions)])
    },
    'the adapter is mounted after a route that reads req.session.userId'() {
      return request([(req, res) => void res.end(req.session.userId), expressSessions(createSessions())])
    },
    'express-session is mounted before the adapter'() {
      const other = expressSession({ secret: 'x', resave: false, saveUninitialized: false })
      return request([other, expressSessions(createSessions()), answer])
    },
    'koaSessions is mounted on Express'() {
      return request([koaSessions(createSessions()) as unknown as RequestHandler])
    },
    'a login in a GET, which a page of another site causes with an <img>'(warn) {
      const headers = { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' }
      return request([expressSessions(createSessions({ warn })), login], headers)
    },
    'a login in a GET, in development'(warn) {
      return request([expressSessions(createSessions({ warn })), login])
    },
    'two createSessions() with one cookie name on one server'(warn) {
      const two = [createSessions({ warn }), createSessions({ warn })].map((sessions) => expressSessions(sessions))
      return request([...two, answer])
    },
    async 'two createSessions() with one cookie name in two parts of one application'(warn) {
      const [one, two] = [expressSessions(createSessions({ warn })), expressSessions(createSessions({ warn }))]
      const cookies: string[] = []
      const keep: RequestHandler = (_req, res, next) => {
        res.on('finish', () => cookies.push(String(res.getHeader('set-cookie')).split(';', 1)[0] ?? ''))
        next()
      }
      await request([keep, one, login], undefined, 'POST')
      return request([two, answer], { host: 'localhost', cookie: cookies[0] ?? '' })
    },
    'two applications with one cookie name on two ports of localhost'(warn) {
      const cookie = 'session=eyJ1c2VyIjoiYWRhIn0='
      return request([expressSessions(createSessions({ warn })), answer], { host: 'localhost', cookie })
    },
    async 'fastifySessions is registered twice'() {
      const app = Fastify()
      const twice = async () => {
        await app.register(fastifySessions, { sessions: createSessions() })
        await app.register(fastifySessions, { sessions: createSessions() })
      }
      return twice().then(() => '', messageOf)
    },
    'timeouts: { idle: 1800 }, and seconds were meant'(warn) {
      createSessions({ warn, timeouts: { idle: 1800 } })
    },
    "login('ada', { absolute: 2592000 }), and seconds were meant"(warn) {
      const sessions = createSessions({ warn })
      const longLogin: RequestHandler = async (req, res) => {
        await req.session.login('ada', { absolute: 2_592_000 })
        res.end()
      }
      return request([expressSessions(sessions), longLogin], undefined, 'POST')
    },
    'requireFresh(300), and seconds were meant'(warn) {
      const sessions = createSessions({ warn })
      const logInFirst: RequestHandler = async (req, _res, next) => {
        await req.session.login('ada')
        next()
      }
      return request([expressSessions(sessions), logInFirst, requireFresh(300), answer], undefined, 'POST')
    },
    'no store in production'(warn) {
      vi.stubEnv('NODE_ENV', 'production')
      createSessions({ warn })
      vi.unstubAllEnvs()
    },
    "keys: process.env.SESSION_KEYS?.split(','), and the variable is not set"(warn) {
      const unset: NodeJS.ProcessEnv = {}
      createSessions({ warn, keys: unset.SESSION_KEYS?.split(',') } as object)
    },
    'a proxy that sends X-Forwarded-Proto is not trusted'(warn) {
      const headers = { host: 'shop.example', 'x-forwarded-proto': 'https' }
      return request([expressSessions(createSessions({ warn })), login], headers)
    },
    'plain HTTP in production'(warn) {
      return request([expressSessions(createSessions({ warn, store: memoryStore() })), login], { host: 'shop.example' })
    },
  }

  test.each(rowsOf('together'))('%s', async (mistake, message) => {
    const warnings: string[] = []
    const made = await MAKE[mistake]?.((text) => void warnings.push(text))
    const got = made || messageOf(warnings.join(' '))
    expect(got).not.toBe('')
    expect(got).toBe(message)
  })

  test('every mistake that is made here is on the page', () => {
    expect(rowsOf('together').map(([mistake]) => mistake)).toEqual(Object.keys(MAKE))
  })
})

test('the page has at least thirty', () => {
  expect(['start', 'request', 'together'].flatMap(rowsOf).length).toBeGreaterThanOrEqual(30)
})
