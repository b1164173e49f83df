import { assert, assertEqual } from '../assert.ts'
import { createSignal, eventually } from './client.ts'
import { type AdapterCase, type AdapterHandler, type AdapterReply, FAIL_CLOSED } from './context.ts'
import { outage, type World, withWorld } from './world.ts'

function assertOutage(response: Response): void {
  assertEqual(response.status, 503, 'the status')
  assert(response.headers.has('retry-after'), 'Retry-After is there')
  assertEqual(response.headers.getSetCookie(), [], 'cookies set')
}

/** The store fails in the middle of the request: nothing of the application's response may be sent. */
function failingCommit(name: string, reply: () => AdapterReply): AdapterCase {
  return {
    name,
    guarantee: FAIL_CLOSED,
    run: async (ctx) => {
      const handle: AdapterHandler = (session) => {
        session.data.theme = 'dark'
        return reply()
      }
      await withWorld(ctx, handle, async (world) => {
        world.intercept((operation) => (operation === 'create' ? outage() : undefined))
        const response = await world.visitor().fetch()
        assertOutage(response)
        for (const [header, value] of reply().headers ?? []) {
          // Some frameworks give each page a validator of its own, an error page too.
          assert(response.headers.get(header) !== value, `${header} of the response that was replaced`)
        }
        assert(!(await response.text()).includes('secret answer'), 'nothing of the body went out')
        await assertRecovers(world)
      })
    },
  }
}

async function assertRecovers(world: World): Promise<void> {
  world.intercept(() => {})
  const status = (await world.visitor().fetch()).status
  assert(status < 400, `the next request is answered as ever, not with ${status}`)
}

const OWN_HEADERS = [
  ['etag', '"v1"'],
  ['last-modified', 'Fri, 20 Nov 2026 05:00:00 GMT'],
  ['set-cookie', 'own=1'],
] as const

async function* secretStream(): AsyncGenerator<string> {
  yield 'secret answer, '
  yield 'in two pieces'
}

export const faultCases: readonly AdapterCase[] = [
  {
    name: 'a store that cannot be read is a 503 that runs no handler and touches no cookie',
    guarantee: FAIL_CLOSED,
    run: async (ctx) => {
      let runs = 0
      const handle: AdapterHandler = async (session) => {
        runs++
        if (session.userId === null) await session.login('user-1')
        return { body: String(session.userId) }
      }
      await withWorld(ctx, handle, async (world) => {
        const visitor = world.visitor()
        await visitor.fetch('/', { method: 'POST' })
        const cookie = visitor.cookie()
        world.intercept((operation) => (operation === 'read' ? outage() : undefined))
        assertOutage(await visitor.fetch())
        assertEqual(runs, 1, 'handlers run')
        assertEqual(visitor.cookie(), cookie, 'the cookie')
        world.intercept(() => {})
        assertEqual(await (await visitor.fetch()).text(), 'user-1', 'who it is when the store is back')
      })
    },
  },
  failingCommit('a store that cannot be written is a 503 in place of the response', () => ({
    headers: OWN_HEADERS,
    body: 'secret answer',
  })),
  failingCommit('a store that cannot be written is a 503 in place of a redirect', () => ({
    status: 303,
    headers: [...OWN_HEADERS, ['location', '/account']],
  })),
  failingCommit('a store that cannot be written is a 503 in place of a stream', () => ({
    headers: OWN_HEADERS,
    body: secretStream(),
  })),
  {
    name: 'an error in a handler is a 500, and the server keeps running',
    run: (ctx) =>
      withWorld(ctx, throwing, async (world) => {
        assertEqual((await world.visitor().fetch('/throw')).status, 500, 'the status')
        assertEqual((await world.visitor().fetch('/')).status, 200, 'the status of the next request')
      }),
  },
  {
    name: 'an error after a login does not lose the new token: the error page carries it',
    needs: ['errorPages'],
    run: (ctx) =>
      withWorld(ctx, throwing, async (world) => {
        const visitor = world.visitor()
        const response = await visitor.fetch('/login-and-throw', { method: 'POST' })
        assertEqual(response.status, 500, 'the status')
        assertEqual(await (await visitor.fetch('/')).text(), 'user-1', 'who is logged in')
      }),
  },
  {
    name: 'a client that leaves before the answer loses no edits and does not stop the server',
    run: async (ctx) => {
      const arrived = createSignal()
      const left = createSignal()
      let id = ''
      const handle: AdapterHandler = async (session, request) => {
        if (request.url !== '/slow') return { body: 'quick' }
        arrived.give()
        await left.given
        session.data.theme = 'dark'
        id = session.id
        return { body: 'too late' }
      }
      await withWorld(ctx, handle, async (world) => {
        const leaving = new AbortController()
        const response = world.visitor().fetch('/slow', { signal: leaving.signal })
        await arrived.given
        leaving.abort()
        assertEqual(await response.catch(() => 'left'), 'left', 'the request')
        // The server notices the closed connection no later than it answers another one.
        await world.visitor().fetch('/')
        left.give()
        assert(await eventually(async () => id !== '' && (await world.record(id)) !== null), 'the edit is stored')
        assertEqual(await (await world.visitor().fetch('/')).text(), 'quick', 'the next request')
      })
    },
  },
]

const throwing: AdapterHandler = async (session, request) => {
  if (request.url === '/login-and-throw') await session.login('user-1')
  if (request.url !== '/') throw new Error('the handler failed')
  return { body: String(session.userId) }
}
