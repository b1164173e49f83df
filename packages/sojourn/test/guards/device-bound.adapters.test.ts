import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { createSessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { deviceBound } from 'sojourn/guards/device-bound'
import { honoSessions } from 'sojourn/hono'
import { toNodeHandler, withNodeSession } from 'sojourn/node'
import { expect, test } from 'vitest'
import { REFRESH, REGISTER } from './device-browser.ts'

const sessionsOf = () => createSessions({ guards: [deviceBound()], warn: () => {} })
type Post = (path: string) => Promise<Response>

async function served(listener: RequestListener, work: (post: Post) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  // As a browser sends it for a page of another host of the site.
  const headers = { 'sec-fetch-site': 'same-site', origin: 'https://blog.shop.example', 'sec-secure-session-id': 'x' }
  try {
    await work((path) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers }))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const never = () => new Response('a handler ran')

const LISTENERS: Readonly<Record<string, () => RequestListener | Promise<RequestListener>>> = {
  express: () => express().use(expressSessions(sessionsOf())),
  node: () => withNodeSession(sessionsOf(), (_, response) => void response.end('a handler ran')),
  'a fetch handler': () => toNodeHandler(withSession(sessionsOf(), never)) as RequestListener,
  hono() {
    const app = new Hono().use(honoSessions(sessionsOf()))
    return toNodeHandler((request) => app.fetch(request)) as RequestListener
  },
  async fastify() {
    const app = Fastify()
    await app.register(fastifySessions, { sessions: sessionsOf() })
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
}

test.each(Object.keys(LISTENERS))(
  '%s: the guard answers both paths, without a route and without a cross-origin refusal',
  async (name) => {
    const listener = await LISTENERS[name]?.()
    if (listener === undefined) throw new Error(`There is no ${name}.`)
    await served(listener, async (post) => {
      const registration = await post(REGISTER)
      expect([registration.status, await registration.text()]).toEqual([403, 'A registration needs a signed proof.\n'])
      const refresh = await post(REFRESH)
      expect([refresh.status, refresh.headers.getSetCookie()]).toEqual([
        401,
        ['__Host-session-bound=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax'],
      ])
      const other = await post('/device-bound/other')
      expect([other.status, await other.text()]).toEqual([403, expect.stringContaining('another site')])
    })
  },
)
