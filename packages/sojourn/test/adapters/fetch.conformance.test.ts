import { serve } from '@hono/node-server'
import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import { withSession } from 'sojourn/fetch'
import { beforeAll, vi } from 'vitest'
import { testCases } from '../support/run-cases.ts'
import { toServer, toWebResponse } from './support/web-reply.ts'

const serveFetch: AdapterContext['serve'] = (sessions, handle) => {
  const fetch = withSession(sessions, async (request, session) => {
    const { pathname, search } = new URL(request.url)
    return toWebResponse(await handle(session, { method: request.method, url: pathname + search }))
  })
  return toServer((listening) =>
    serve({ fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false }, listening),
  )
}

// node-server prints the streams that the cases break off.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

testCases('fetch', adapterCases, {
  serve: serveFetch,
  without: { errorPages: 'what a fetch handler throws goes to the runtime, past every function around it' },
})
