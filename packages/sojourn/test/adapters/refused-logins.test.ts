import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Controller, Get, Req } from '@nestjs/common'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions, type JsonValue, type Session, type Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { CurrentSession, SessionsModule } from 'sojourn/nestjs'
import { toNodeHandler } from 'sojourn/node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { EVERY_PATH, type Platform, startNest } from './support/nest-apps.ts'

type TestData = Record<string, JsonValue>

/** With a guard that refuses each login. */
const sessionsOf = () =>
  createSessions({ guards: [{ name: 'full', login: () => ({ refuse: 'Log out elsewhere first.' }) }], warn: () => {} })

async function fail(sessions: Sessions<TestData>, path: string, session: Session<TestData>): Promise<void> {
  if (path === '/login') return session.login('ada')
  session.data.cart = 1
  await session.save()
  await sessions.revoke(session.id)
  session.data.cart = 2
  await session.save()
}

interface Running {
  readonly origin: string
  close(): unknown
}

function originOf({ port }: AddressInfo): string {
  return `http://127.0.0.1:${port}`
}

function startOnNest(platform: Platform): (sessions: Sessions<TestData>) => Promise<Running> {
  return (sessions) => {
    @Controller()
    class Everything {
      @Get(EVERY_PATH[platform])
      get(@Req() { url }: { url: string }, @CurrentSession() session: Session<TestData>): Promise<void> {
        return fail(sessions, url, session)
      }
    }
    return startNest(platform, [SessionsModule.forRoot({ sessions })], [Everything])
  }
}

const SERVERS: Readonly<Record<string, (sessions: Sessions<TestData>) => Promise<Running>>> = {
  async express(sessions) {
    const app = express()
    app.use(expressSessions(sessions))
    app.get('/{*path}', async (req) => fail(sessions, req.path, sessions.get(req)))
    app.use((error: { status?: number; message: string }, _: unknown, res: express.Response, _next: unknown) => {
      res.status(error.status ?? 500).end(error.message)
    })
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { origin: originOf(server.address() as AddressInfo), close: () => server.close() }
  },
  async fastify(sessions) {
    const app = Fastify()
    app.register(fastifySessions, { sessions })
    app.get('/*', async (req) => fail(sessions, req.url, sessions.get(req)))
    return { origin: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
  },
  async koa(sessions) {
    const app = new Koa()
    app.use(koaSessions(sessions))
    app.use(async (ctx) => fail(sessions, ctx.path, sessions.get(ctx)))
    const server = createServer(app.callback())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { origin: originOf(server.address() as AddressInfo), close: () => server.close() }
  },
  'nestjs on express': startOnNest('Express'),
  'nestjs on fastify': startOnNest('Fastify'),
  async hono(sessions) {
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.get('*', async (c) => {
      await fail(sessions, c.req.path, sessions.get(c))
      return c.text('done')
    })
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) =>
        resolve({ origin: originOf(info), close: () => server.close() }),
      )
    })
  },
  async fetch(sessions) {
    const handler = withSession(sessions, async (request, session) => {
      await fail(sessions, new URL(request.url).pathname, session)
      return new Response('done')
    })
    const server = createServer(toNodeHandler(handler))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { origin: originOf(server.address() as AddressInfo), close: () => server.close() }
  },
}

describe.each(Object.keys(SERVERS))('%s answers what the handler does not catch', (name) => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  async function get(path: string) {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const server = await SERVERS[name]?.(sessionsOf())
    if (server === undefined) throw new Error(`There is no ${name}.`)
    try {
      const response = await fetch(server.origin + path)
      return { status: response.status, text: await response.text(), prints: printed.mock.calls.length }
    } finally {
      await server.close()
    }
  }

  test('a login that a guard refused: 403 with its text, and it is no mistake of the application', async () => {
    expect(await get('/login')).toEqual({
      status: 403,
      text: expect.stringContaining('Log out elsewhere first.'),
      // Hono itself prints every error that is not its own.
      prints: name === 'hono' ? 1 : 0,
    })
  })

  test('a session that ended while the handler ran: 401', async () => {
    expect((await get('/edit')).status).toBe(401)
  })
})
