import type { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { createSessions, type Session, type Sessions, type Store } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { toNodeHandler, withNodeSession } from 'sojourn/node'
import {
  type BackChannelLogout,
  backChannelLogout,
  type LoginClaims,
  type RefusedLogout,
} from 'sojourn/signals/back-channel-logout'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { isLeftOut } from '../stores/redis-stores.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startRedis } from '../support/servers/redis.ts'
import { createBrowser, listen, SECRET, startOidcProvider } from './oidc.ts'

// Times of tokens are whole seconds, and nothing here takes one.
vi.useFakeTimers({ toFake: ['Date'] })
const later = (seconds: number): unknown => vi.setSystemTime(Date.now() + seconds * 1000)

const provider = await startOidcProvider()
const cleanups: (() => unknown)[] = [() => provider.stop(), () => vi.useRealTimers()]
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

/** What the application does, whatever the framework. */
interface Pages {
  readonly sessions: Sessions<object>
  readonly atProvider: BackChannelLogout
  /** Resolves with the page, or with where to go next. */
  page(url: string, session: Session<object>): Promise<{ readonly body: string } | { readonly location: string }>
}

type Start = (pages: Pages) => Promise<string>

const FRAMEWORKS: readonly [string, Start][] = [
  [
    'Fastify',
    async ({ sessions, atProvider, page }) => {
      const app = Fastify()
      cleanups.push(() => app.close())
      app.register(fastifySessions, { sessions })
      app.register(async (logout) => {
        logout.removeAllContentTypeParsers()
        logout.addContentTypeParser('*', (_request, _body, done) => done(null))
        logout.post('/back-channel-logout', (request, reply) => {
          reply.hijack()
          return toNodeHandler(atProvider.handler)(request.raw, reply.raw)
        })
      })
      app.get('*', async (request, reply) => {
        const next = await page(request.url, request.session)
        return 'location' in next ? reply.redirect(next.location) : reply.send(next.body)
      })
      return app.listen({ port: 0, host: '127.0.0.1' })
    },
  ],
  [
    'Hono',
    async ({ sessions, atProvider, page }) => {
      const app = new Hono()
      app.post('/back-channel-logout', (c) => atProvider.handler(c.req.raw))
      app.use(honoSessions(sessions))
      app.get('*', async (c) => {
        const next = await page(c.req.url, c.var.session)
        return 'location' in next ? c.redirect(next.location) : c.text(next.body)
      })
      return serve(getRequestListener(app.fetch))
    },
  ],
  [
    'node:http',
    async ({ sessions, atProvider, page }) => {
      const logout = toNodeHandler(atProvider.handler)
      const pages = withNodeSession(sessions, async (request, response, session) => {
        const next = await page(request.url ?? '', session)
        if ('location' in next) response.writeHead(302, { location: next.location }).end()
        else response.end(next.body)
      })
      return serve((request, response) =>
        request.url === '/back-channel-logout' ? logout(request, response) : pages(request, response),
      )
    },
  ],
]

async function serve(listener: Parameters<typeof createServer>[1]): Promise<string> {
  const { server, url } = await listen(listener as Parameters<typeof listen>[0])
  cleanups.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return url
}

const STORES: readonly (readonly [string, () => Promise<() => Store>])[] = [
  [
    'postgres',
    async () => {
      const server = await startPostgres()
      cleanups.push(() => server.stop())
      return () => postgresStore({ url: server.url })
    },
  ],
  ...(isLeftOut
    ? []
    : ([
        [
          'redis',
          async () => {
            const server = await startRedis()
            cleanups.push(() => server.stop())
            return () => redisStore({ url: server.url })
          },
        ],
      ] as const)),
]

/** One server of an application that logs in with the provider. */
async function startShop(start: Start, store: Store, clientId: string, refusals: RefusedLogout[]): Promise<string> {
  const { issuer } = provider
  const sessions = createSessions({ store, warn: () => {} })
  cleanups.push(() => sessions.close())
  await sessions.setup()
  const atProvider = backChannelLogout({
    sessions,
    providers: [{ issuer, clientId }],
    insecureHttp: true,
    refused: (refused) => void refusals.push(refused),
  })
  const jwks = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  let url = ''
  url = await start({
    sessions,
    atProvider,
    async page(path, session) {
      const { pathname, searchParams } = new URL(path, url)
      const redirect_uri = `${url}/callback`
      if (pathname === '/login') {
        const query = new URLSearchParams({ client_id: clientId, redirect_uri, response_type: 'code', scope: 'openid' })
        return { location: `${issuer}/auth?${query}` }
      }
      if (pathname !== '/callback') return { body: `You are ${session.userId}.` }
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${clientId}:${encodeURIComponent(SECRET)}`)}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: searchParams.get('code') ?? '',
          redirect_uri,
        }),
      })
      const { id_token } = (await response.json()) as { id_token: string }
      const { payload } = await jwtVerify(id_token, jwks, { issuer, audience: clientId })
      await atProvider.login(session, `user-${payload.sub}`, payload as LoginClaims)
      return { location: '/me' }
    },
  })
  return url
}

const ME = 'You are user-ada.'
const NOBODY = 'You are null.'

describe.each(STORES)('over %s', (_, serveStore) => {
  it.each(FRAMEWORKS)(
    '%s: a logout at a real provider reaches one server, and ends the session on the other',
    async (name, start) => {
      const open = await serveStore()
      const refusals: RefusedLogout[] = []
      const clientId = `shop-${name.replace(':', '-')}`
      // The provider posts to the first server. Users log in at the second one.
      const first = await startShop(start, open(), clientId, refusals)
      const second = await startShop(start, open(), clientId, refusals)
      await provider.register([{ clientId, url: first, loginUrl: second, hasSid: true }])
      const [here, there] = [createBrowser(), createBrowser()]
      for (const browser of [here, there]) expect(await browser.visit(`${second}/login`, 'ada')).toBe(ME)
      later(1)
      await here.logOutAt(provider.issuer)
      await vi.waitFor(async () => expect(await here.visit(`${second}/me`)).toBe(NOBODY), { timeout: 5000 })
      expect(await there.visit(`${second}/me`)).toBe(ME)
      expect(provider.deliveries.at(-1)).toBe('success')
      expect(refusals).toEqual([])
      const forged = await fetch(`${first}/back-channel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: 'forged' }),
      })
      expect([forged.status, refusals.map(({ reason }) => reason)]).toEqual([400, ['malformed']])
    },
    60_000,
  )
})
