import { assert, assertEqual } from '../assert.ts'
import type { AdapterCase, AdapterReply } from './context.ts'
import { withWorld } from './world.ts'

/** A response without a body carries the cookie, and the connection stays usable for the next request. */
function bodiless(name: string, method: string, reply: AdapterReply): AdapterCase {
  return {
    name,
    run: (ctx) =>
      withWorld(
        ctx,
        (session, request) => {
          if (request.url === '/theme') return { body: String(session.data.theme) }
          session.data.theme = 'dark'
          return reply
        },
        async (world) => {
          const visitor = world.visitor()
          const response = await visitor.fetch('/', { method })
          assertEqual(response.status, reply.status ?? 200, 'the status')
          assertEqual(await response.text(), '', 'the body')
          assertEqual(response.headers.getSetCookie().length, 1, 'cookies set')
          for (const [header, value] of reply.headers ?? []) assertEqual(response.headers.get(header), value, header)
          assertEqual(await (await visitor.fetch('/theme')).text(), 'dark', 'what was stored')
        },
      ),
  }
}

export const methodCases: readonly AdapterCase[] = [
  bodiless('HEAD gets the headers and no body', 'HEAD', { headers: [['etag', '"v1"']], body: 'not for HEAD' }),
  bodiless('304 has headers and no body', 'GET', { status: 304, headers: [['etag', '"v1"']] }),
  bodiless('204 has headers and no body', 'POST', { status: 204 }),
  bodiless('a redirect without a body carries the cookie', 'POST', { status: 303, headers: [['location', '/next']] }),
  {
    name: 'a state-changing request from another site is refused before its handler runs',
    run: async (ctx) => {
      let isRun = false
      const handle = (): AdapterReply => {
        isRun = true
        return { body: 'ran' }
      }
      await withWorld(ctx, handle, async (world) => {
        const headers = { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' }
        const response = await world.visitor().fetch('/transfer', { method: 'POST', headers })
        assertEqual(response.status, 403, 'the status')
        assert((await response.text()).length > 0, 'the response says why')
        assertEqual(response.headers.getSetCookie(), [], 'cookies set')
        assert(!isRun, 'the handler did not run')
        assertEqual((await world.visitor().fetch('/transfer')).status, 200, 'the status of a plain visit')
      })
    },
  },
]
