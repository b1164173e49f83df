import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { serve } from '@hono/node-server'
import type { AdapterServer } from '@sojourn/conformance'
import createConnect from 'connect'
import express from 'express'
import Fastify from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import { timeout } from 'hono/timeout'
import Koa from 'koa'
import { createSessions, memoryStore, type Session, type Sessions, type Store } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listen } from './support/node-reply.ts'
import { lateStore } from './support/stores.ts'
import { toServer } from './support/web-reply.ts'

/** The session can no longer store such an edit. The developer and the operator must hear of it. */
type Data = Record<string, unknown>
type Work = (session: Session<Data>) => void

const closing: AdapterServer[] = []
beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const server of closing.splice(0)) await server.close()
})

const STORES: readonly [string, () => Store][] = [
  ['at once', memoryStore],
  ['later', lateStore],
]

async function open(server: AdapterServer | Promise<AdapterServer>): Promise<() => Promise<Response>> {
  const opened = await server
  closing.push(opened)
  return () => fetch(opened.origin)
}

type Visit = () => Promise<Response>
type Serve = (sessions: Sessions<Data>, work: Work) => Promise<Visit>

const serveFetch =
  (answer: () => Response): Serve =>
  async (sessions, work) => {
    const handler = withSession(sessions, (_, session) => {
      work(session)
      return answer()
    })
    return () => handler(new Request('http://localhost/'))
  }

const serveHono =
  (answer: () => Response, env?: object): Serve =>
  async (sessions, work) => {
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.get('/', (c) => {
      work(sessions.get(c))
      return answer()
    })
    if (env !== undefined) return async () => app.request('/', {}, env)
    return open(toServer((ready) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ready)))
  }

const SERVERS: Readonly<Record<string, Serve>> = {
  'node:http': (sessions, work) =>
    open(
      listen(
        createServer(
          withNodeSession(sessions, (_, response, session) => {
            work(session)
            response.end('whole')
          }),
        ),
      ),
    ),
  Connect: (sessions, work) => {
    const app = createConnect()
    app.use(nodeSessions(sessions) as never)
    app.use((request: IncomingMessage, response: ServerResponse) => {
      work(sessions.get(request))
      response.end('whole')
    })
    return open(listen(createServer(app)))
  },
  Express: (sessions, work) => {
    const app = express()
    app.use(expressSessions(sessions))
    app.use((request, response) => {
      work(sessions.get(request))
      response.send('whole')
    })
    return open(listen(createServer(app)))
  },
  Koa: (sessions, work) => {
    const app = new Koa()
    app.use(koaSessions(sessions))
    app.use((ctx) => {
      work(sessions.get(ctx))
      ctx.body = 'whole'
    })
    return open(listen(createServer(app.callback())))
  },
  async Fastify(sessions, work) {
    const app = Fastify()
    app.register(fastifySessions, { sessions: sessions as Sessions<object> })
    app.get('/', async (request) => {
      work(sessions.get(request))
      return 'whole'
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    return open({ origin, close: async () => void (await app.close()) })
  },
  'Hono on node': serveHono(() => new Response('whole')),
  'Hono by fetch, text': serveHono(() => new Response('whole'), {}),
  'Hono by fetch, no body': serveHono(() => new Response(null, { status: 204 }), {}),
  'fetch, text': serveFetch(() => new Response('whole')),
  'fetch, JSON': serveFetch(() => Response.json({})),
  'fetch, no body': serveFetch(() => new Response(null, { status: 204 })),
}

/** The edits that were reported. */
function watchFaults(sessions: Sessions<Data>): unknown[] {
  const faults: unknown[] = []
  sessions.on('fault', ({ operation, error }) => faults.push([operation, (error as { code: string }).code]))
  return faults
}

test.each(Object.entries(SERVERS))(
  'a login after the answer is reported once, whatever %s does with the error of a handler',
  async (_, serveOne) => {
    const warn = vi.fn<(text: string) => void>()
    let late: Session<Data> | undefined
    const visit = await serveOne(createSessions<Data>({ store: memoryStore(), warn }), (session) => {
      late = session
    })
    await (await visit()).text()
    for (let i = 0; i < 2; i++) await expect(late?.login('ada')).rejects.toMatchObject({ code: 'ERR_HEADERS_SENT' })
    expect(warn.mock.calls.map(([text]) => text).filter((text) => text.includes('Call login'))).toHaveLength(1)
  },
)

describe.each(STORES)('a store that answers %s', (_, createStore) => {
  test.each(Object.entries(SERVERS))('an edit after the answer is reported: %s', async (__, serveOne) => {
    const sessions = createSessions<Data>({ store: createStore() })
    const faults = watchFaults(sessions)
    let session: Session<Data> | undefined
    const visit = await serveOne(sessions, (one) => {
      session = one
      one.data.before = 1
    })
    await (await visit()).text()
    expect(faults).toEqual([])
    Object.assign(session?.data ?? {}, { after: 1 })
    expect(faults).toEqual([['edit', 'ERR_MISUSE']])
  })

  test.each([
    ['with a length', { 'content-length': '6' }],
    ['labelled JSON', { 'content-type': 'application/json' }],
  ])('by fetch, a stream %s counts as whole: what it edits is told of', async (__, headers) => {
    for (const toServe of [(answer: () => Response) => serveHono(answer, {}), serveFetch]) {
      const sessions = createSessions<Data>({ store: createStore() })
      const faults = watchFaults(sessions)
      let session: Session<Data> | undefined
      const stream = (): ReadableStream<Uint8Array> =>
        new ReadableStream(
          {
            pull(controller) {
              Object.assign(session?.data ?? {}, { streamed: 1 })
              controller.enqueue(new TextEncoder().encode('"late"'))
              controller.close()
            },
          },
          { highWaterMark: 0 },
        )
      const visit = await toServe(() => new Response(stream(), { headers }))(sessions, (one) => {
        session = one
      })
      expect(await (await visit()).text()).toBe('"late"')
      expect(faults).toEqual([['edit', 'ERR_MISUSE']])
    }
  })

  test('an edit by a hook on the head, which runs once the session is stored', async () => {
    const sessions = createSessions<Data>({ store: createStore() })
    const faults = watchFaults(sessions)
    const handle = withNodeSession(sessions, (__, response, session) => {
      session.data.before = 1
      const { writeHead } = response
      const hooked = (...args: unknown[]): unknown => {
        session.data.hooked = 1
        return Reflect.apply(writeHead, response, args)
      }
      response.writeHead = hooked as typeof writeHead
      response.end('whole')
    })
    const response = await (await open(listen(createServer(handle))))()
    expect(response.headers.get('content-length')).toBe('5')
    expect(faults).toEqual([['edit', 'ERR_MISUSE']])
  })

  test('mounted behind something that has answered already: node:http', async () => {
    const sessions = createSessions<Data>({ store: createStore() })
    const faults = watchFaults(sessions)
    const handle = withNodeSession(sessions, (__, ___, session) => {
      session.data.after = 1
    })
    const server = createServer((request, response) => {
      response.end('a time limit')
      handle(request, response)
    })
    await (await (await open(listen(server)))()).text()
    await vi.waitFor(() => expect(faults).toEqual([['edit', 'ERR_MISUSE']]))
  })
})

/** Outside by fetch, the adapter cannot see that the time limit has answered: docs/reference/adapters.md. */
describe.each<[string, object | null, (own: MiddlewareHandler, limit: MiddlewareHandler) => MiddlewareHandler[]]>([
  ['on node, outside of the sessions', null, (own, limit) => [limit, own]],
  ['on node, inside', null, (own, limit) => [own, limit]],
  ['by fetch, inside', {}, (own, limit) => [own, limit]],
])("Hono's time limit, %s", (_, env, order) => {
  test('its page carries the cookie of a login before it, and a login after it throws', async () => {
    const sessions = createSessions<Data>()
    let goOn = (): void => {}
    let second: Promise<unknown> | undefined
    const app = new Hono()
    for (const one of order(honoSessions(sessions), timeout(1))) app.use(one)
    app.onError((error, c) => c.text('an error page', (error as { status?: 504 }).status ?? 500))
    app.get('/', async (c) => {
      await sessions.get(c).login('ada')
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
      second = sessions.get(c).login('ada')
      await second
      return c.text('in')
    })
    const visit =
      env === null
        ? await open(toServer((ready) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ready)))
        : async () => app.request('/', {}, env)
    const response = await visit()
    expect(response.status).toBe(504)
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=[\w-]{54};/)])
    goOn()
    await vi.waitFor(() => expect(second).toBeDefined())
    await expect(second).rejects.toMatchObject({ code: 'ERR_HEADERS_SENT' })
  })
})
