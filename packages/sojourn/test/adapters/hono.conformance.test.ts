import { serve } from '@hono/node-server'
import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import { Hono } from 'hono'
import { honoSessions } from 'sojourn/hono'
import { beforeAll, vi } from 'vitest'
import { testCases } from '../support/run-cases.ts'
import { toServer, toWebResponse } from './support/web-reply.ts'

/** On node's own objects, or on nothing but a request, as on Bun, Deno and Workers. */
function serveOn(runtime: 'node' | 'web'): AdapterContext['serve'] {
  return (sessions, handle) => {
    const app = new Hono()
    app.onError((error, c) => {
      if ('getResponse' in error) return (error.getResponse as () => Response)()
      return c.text('Internal error', 500)
    })
    app.use(honoSessions(sessions))
    app.all('*', async (c) => {
      const { pathname, search } = new URL(c.req.url)
      return toWebResponse(await handle(sessions.get(c), { method: c.req.method, url: pathname + search }))
    })
    const fetch = runtime === 'node' ? app.fetch : (request: Request) => app.fetch(request)
    return toServer((listening) => serve({ fetch, port: 0, hostname: '127.0.0.1' }, listening))
  }
}

// node-server prints the streams that the cases break off.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

testCases('Hono 4 on node-server', adapterCases, { serve: serveOn('node'), errorPages: true })
testCases('Hono 4 on web requests', adapterCases, { serve: serveOn('web'), errorPages: true })
