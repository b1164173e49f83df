import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { createSessions, type Session } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { newDevice } from 'sojourn/guards/new-device'
import { honoSessions } from 'sojourn/hono'
import { toNodeHandler, withNodeSession } from 'sojourn/node'
import { expect, test } from 'vitest'
import { KEY, ORIGIN, PATH } from './new-device/world.ts'

function openShop() {
  const links: string[] = []
  const disowned: string[] = []
  const sessions = createSessions({
    guards: [
      newDevice({
        origin: ORIGIN,
        keys: [KEY],
        notify: ({ link }) => void links.push(link),
        disowned: ({ userId }) => void disowned.push(userId),
      }),
    ],
    warn: () => {},
  })
  return { sessions, links, disowned }
}

type Shop = ReturnType<typeof openShop>

async function handle(session: Session<object>, url: string): Promise<string> {
  if (url === '/login') await session.login('ada')
  return session.userId ?? 'a visitor'
}

const LISTENERS: Readonly<Record<string, (shop: Shop) => RequestListener | Promise<RequestListener>>> = {
  express: ({ sessions }) =>
    express()
      .use(expressSessions(sessions))
      .use(express.urlencoded({ extended: false }))
      .use(async (request, response) => void response.send(await handle(request.session, request.url))),
  node: ({ sessions }) =>
    withNodeSession(sessions, async (request, response, session) => {
      const text = await handle(session, request.url ?? '')
      response.end(text)
    }),
  'a fetch handler': ({ sessions }) =>
    toNodeHandler(
      withSession(
        sessions,
        async (request, session) => new Response(await handle(session, new URL(request.url).pathname)),
      ),
    ) as RequestListener,
  hono({ sessions }) {
    const app = new Hono<{ Variables: { session: Session<object> } }>()
      .use(honoSessions(sessions))
      .all('*', async (c) => c.text(await handle(c.var.session, c.req.path)))
    return toNodeHandler((request) => app.fetch(request)) as RequestListener
  },
  async fastify({ sessions }) {
    const app = Fastify()
    await app.register(fastifySessions, { sessions })
    app.all('/*', async (request) => handle(request.session, request.url))
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
}

test.each(Object.keys(LISTENERS))(
  '%s: a login sets the cookie and makes a link, whose page shows a button and whose POST ends the session',
  async (name) => {
    const shop = openShop()
    const listener = await LISTENERS[name]?.(shop)
    if (listener === undefined) throw new Error(`There is no ${name}.`)
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const login = await fetch(`${address}/login`)
      expect(await login.text()).toBe('ada')
      const cookies = login.headers.getSetCookie().map((each) => each.split(';')[0] ?? '')
      expect(cookies.map((each) => each.split('=')[0]).sort()).toEqual(['known-devices', 'session'])
      const link = shop.links[0]?.replace(ORIGIN, address) ?? ''

      const page = await fetch(link)
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect(page.headers.get('cache-control')).toBe('no-store')
      expect(await page.text()).toContain('<form method="post"><button')
      expect(shop.disowned).toEqual([])

      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        origin: 'null',
      }
      const pressed = await fetch(link, { method: 'POST', headers, body: '' })
      expect([pressed.status, await pressed.text()]).toEqual([
        200,
        expect.stringContaining('All devices are logged out'),
      ])
      expect(shop.disowned).toEqual(['ada'])
      const after = await fetch(`${address}/`, { headers: { cookie: cookies.join('; ') } })
      expect(await after.text()).toBe('a visitor')
      const wrong = await fetch(`${address}${PATH}`, { method: 'POST', headers, body: '' })
      expect([wrong.status, await wrong.text()]).toEqual([404, expect.stringContaining('This link does not work')])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  },
)
