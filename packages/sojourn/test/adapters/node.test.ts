import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AdapterServer } from '@sojourn/conformance'
import connect from 'connect'
import { cookieCarrier, createSessions } from 'sojourn'
import { type NodeOptions, nodeSessions, withNodeSession } from 'sojourn/node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { listen } from './support/node-reply.ts'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'

const servers: AdapterServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = await listen(createServer(listener))
  servers.push(server)
  return server.origin
}

describe('withNodeSession', () => {
  test('runs the handler in the same turn when the store answers at once', async () => {
    const order: string[] = []
    const listener = withNodeSession(createSessions(), (_, response, session) => {
      order.push('handler')
      session.data.seen = true
      response.end('x')
    })
    const origin = await serve((request, response) => {
      expect(listener(request, response)).toBe(undefined)
      order.push('after')
    })
    await fetch(origin)
    expect(order).toEqual(['handler', 'after'])
  })

  test('gives back what the handler gives, so that its caller sees it reject', async () => {
    const listener = withNodeSession(createSessions({ store: lateStore() }), async () => {
      throw new RangeError('mine')
    })
    const seen = vi.fn()
    const origin = await serve(async (request, response) => {
      await Promise.resolve(listener(request, response)).catch(seen)
      response.end('caught')
    })
    expect(await (await fetch(origin, { headers: SOME_TOKEN })).text()).toBe('caught')
    expect(seen).toHaveBeenCalledExactlyOnceWith(expect.any(RangeError))
  })

  test('runs no handler when the store cannot answer', async () => {
    const run = vi.fn()
    const response = await fetch(await serve(withNodeSession(createSessions({ store: failingStore('read') }), run)), {
      headers: SOME_TOKEN,
    })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.text()).not.toMatch(/ERR_|ECONN/)
    expect(run).not.toHaveBeenCalled()
  })

  test('a carrier that cannot write the token is a 500, and the process lives on', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const write = (): never => {
      throw new RangeError('no key')
    }
    const sessions = createSessions<{ a?: number }>({ carriers: [{ ...cookieCarrier(), write }] })
    const response = await fetch(
      await serve(
        withNodeSession(sessions, (_, reply, session) => {
          session.data.a = 1
          reply.end('x')
        }),
      ),
    )
    expect(response.status).toBe(500)
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.any(RangeError))
    log.mockRestore()
  })

  test('a mistake of the application is a 500, and printed: nobody else would tell of it', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const listener = withNodeSession(createSessions<Record<string, unknown>>(), (_, response, session) => {
      const list: unknown[] = []
      session.data.list = list
      list.push(() => {})
      response.end('secret')
    })
    const response = await fetch(await serve(listener))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'ERR_DATA_NOT_JSON' }))
    log.mockRestore()
  })

  test('believes a proxy only when told to', async () => {
    const seen = async (options: NodeOptions): Promise<unknown> => {
      const { guard, views } = spyGuard()
      const listener = withNodeSession(
        createSessions({ guards: [guard] }),
        (_, response) => void response.end(JSON.stringify(views.map(({ secure, peer }) => ({ secure, peer })))),
        options,
      )
      const headers = { 'x-forwarded-for': '203.0.113.66, 192.0.2.7', 'x-forwarded-proto': 'https' }
      return (await fetch(await serve(listener), { headers })).json()
    }
    expect(await seen({})).toEqual([{ secure: false, peer: '127.0.0.1' }])
    expect(await seen({ trustProxy: 1 })).toEqual([{ secure: true, peer: '192.0.2.7' }])
    expect(await seen({ trustProxy: (address) => address === '127.0.0.1' })).toEqual([
      { secure: true, peer: '192.0.2.7' },
    ])
  })
})

describe('nodeSessions', () => {
  test('is middleware for Connect: the session is on the request, and errors go to next', async () => {
    const sessions = createSessions()
    const app = connect()
    app.use(nodeSessions(sessions))
    app.use((request, response) => {
      response.end(String(Reflect.get(request, 'session') === sessions.get(request)))
    })
    expect(await (await fetch(await serve(app))).text()).toBe('true')

    const failing = connect()
    failing.use(nodeSessions(createSessions({ store: failingStore('read') })))
    failing.use((error: { code: string; status: number }, _: unknown, response: ServerResponse, __: unknown) => {
      response.statusCode = error.status
      response.end(error.code)
    })
    const response = await fetch(await serve(failing), { headers: SOME_TOKEN })
    expect([response.status, await response.text()]).toEqual([503, 'ERR_STORE'])
  })
})
