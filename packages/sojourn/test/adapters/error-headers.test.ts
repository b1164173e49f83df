import { serve } from '@hono/node-server'
import type { AdapterServer } from '@sojourn/conformance'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { createSessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { afterEach, expect, test } from 'vitest'
import { failingStore } from './support/stores.ts'
import { toServer } from './support/web-reply.ts'

const servers: AdapterServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

const SHOP = 'https://shop.example'

/** The platform's own `Response`: the one that @hono/node-server puts in its place shares its headers with others. */
async function serveNode({ fetch }: Hono): Promise<string> {
  const options = { fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false }
  const server = await toServer((listening) => serve(options, listening))
  servers.push(server)
  return server.origin
}

test.each(['node', 'fetch'])(
  'Hono: an error in place of an answer keeps the headers about the server and drops those about the answer (%s)',
  async (where) => {
    const app = new Hono()
    app.use(cors({ origin: SHOP, credentials: true }))
    app.use(honoSessions(createSessions<Record<string, unknown>>({ store: failingStore('create') })))
    app.get('/', (c) => {
      c.var.session.data.seen = 1
      c.header('etag', '"1"')
      c.header('x-request-id', '7')
      return c.redirect('/elsewhere')
    })
    const init = { headers: { origin: SHOP } }
    const response = where === 'node' ? await fetch(await serveNode(app), init) : await app.request('/', init)
    const of = (name: string): string | null => response.headers.get(name)
    expect([response.status, of('location'), of('etag')]).toEqual([503, null, null])
    expect([of('access-control-allow-origin'), of('x-request-id')]).toEqual([SHOP, '7'])
  },
)

test('fetch: an error in place of an answer keeps the headers about the server and drops those about the answer', async () => {
  const sessions = createSessions<Record<string, unknown>>({ store: failingStore('create') })
  const handler = withSession(sessions, (_, session) => {
    session.data.seen = 1
    const headers = {
      'access-control-allow-origin': SHOP,
      etag: '"1"',
      'content-type': 'text/css',
      'set-cookie': 'a=1',
    }
    return new Response('hello', { headers })
  })
  const { status, headers } = await handler(new Request('https://api.example/', { headers: { origin: SHOP } }))
  expect([status, headers.get('etag'), headers.getSetCookie()]).toEqual([503, null, []])
  expect([headers.get('access-control-allow-origin'), headers.get('content-type')]).toEqual([
    SHOP,
    'text/plain; charset=utf-8',
  ])
})
