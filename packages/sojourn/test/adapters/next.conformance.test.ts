import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import { afterAll, beforeAll, vi } from 'vitest'
import { testCases } from '../support/run-cases.ts'
import { type NextServer, startNext } from './support/next-server.ts'
import { toWebResponse } from './support/web-reply.ts'

let server: NextServer

beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  server = await startNext()
}, 300_000)
afterAll(() => server.close())

/** One server for all cases: each hands it other sessions. */
const serveNext: AdapterContext['serve'] = (sessions, handle) => {
  Object.assign(server.shared, {
    sessions,
    handle: async (...args: Parameters<typeof handle>) => toWebResponse(await handle(...args)),
  })
  return { origin: server.origin, close() {} }
}

testCases('Next.js route handlers', adapterCases, {
  serve: serveNext,
  vary: ['rsc', 'next-router-state-tree', 'next-router-prefetch', 'next-router-segment-prefetch'],
  without: { errorPages: 'Next.js makes the error page of a route handler outside of every function around it' },
})
