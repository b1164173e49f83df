import { createSessions, type Session, type Store } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { describe, expect, test, vi } from 'vitest'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'

const get = (init: RequestInit = {}): Request => new Request('http://localhost/', init)

/** The request that the holder of this response would send next. */
function next(response: Response): Request {
  const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0])
  return get({ headers: { cookie: cookie.join('; ') } })
}

const edit = (session: Session<Record<string, unknown>>): void => {
  session.data.visits = Number(session.data.visits ?? 0) + 1
}

describe('withSession', () => {
  test('runs the code of the quickstart as it is written', async () => {
    const sessions = createSessions()
    const server = { fetch: withSession(sessions, async (_, session) => Response.json({ user: session.userId })) }
    expect(await (await server.fetch(get())).json()).toEqual({ user: null })
  })

  test('passes on what the runtime gives beside the request, and asks it for the address', async () => {
    const { guard, views } = spyGuard()
    const sessions = createSessions({ guards: [guard] })
    const fetch = withSession(
      sessions,
      (_, session, env: { ip: string }, ctx: { waitUntil: string }) => Response.json([session.isNew, env, ctx]),
      { peer: (_, env) => env.ip },
    )
    const response = await fetch(get(), { ip: '192.0.2.7' }, { waitUntil: 'soon' })
    expect(await response.json()).toEqual([true, { ip: '192.0.2.7' }, { waitUntil: 'soon' }])
    expect(views.map(({ peer }) => peer)).toEqual(['192.0.2.7'])
  })

  test('finds the session by the request', async () => {
    const sessions = createSessions()
    const fetch = withSession(sessions, (request, session) => Response.json(sessions.get(request) === session))
    expect(await (await fetch(get())).json()).toBe(true)
  })

  describe('a Request that is handed in again, as a retry does', () => {
    const open = (store?: Store) => {
      const sessions = createSessions(store && { store })
      const fetch = withSession(sessions, async ({ method }, session) => {
        if (method === 'POST') await session.login('ada')
        if (method === 'PUT') edit(session)
        return Response.json([session.userId, session.data.visits ?? 0])
      })
      return { sessions, fetch }
    }

    test.each([
      ['at once', undefined],
      ['later', lateStore()],
    ])('is judged anew: what was revoked since opens nothing (the store answers %s)', async (_, store) => {
      const { sessions, fetch } = open(store)
      const request = next(await fetch(get({ method: 'POST' })))
      expect(await (await fetch(request)).json()).toEqual(['ada', 0])
      await sessions.revokeAll('ada')
      expect(await (await fetch(request)).json()).toEqual([null, 0])
    })

    test('stores its edits, and gets a token of its own', async () => {
      const { fetch } = open()
      const request = next(await fetch(get({ method: 'PUT' })))
      const again = new Request(request, { method: 'PUT' })
      for (const visits of [2, 3]) expect(await (await fetch(again)).json()).toEqual([null, visits])
      expect(await (await fetch(request)).json()).toEqual([null, 3])
      const login = get({ method: 'POST' })
      const tokens = [await fetch(login), await fetch(login)].map(({ headers }) => headers.getSetCookie().length)
      expect(tokens).toEqual([1, 1])
    })
  })

  test('one Response object for everybody never takes the cookie of one client to the next', async () => {
    const shared = new Response(null, { status: 204, headers: { 'x-a': '1' } })
    const sessions = createSessions({ store: lateStore() })
    const fetch = withSession(sessions, (request, session) => {
      if (request.method === 'POST') edit(session)
      return shared
    })
    const responses = await Promise.all([fetch(get({ method: 'POST' })), fetch(get({ method: 'POST' })), fetch(get())])
    const cookies = responses.map((response) => response.headers.getSetCookie())
    expect(cookies.map((lines) => lines.length)).toEqual([1, 1, 0])
    expect(cookies[0]).not.toEqual(cookies[1])
    expect(shared.headers.getSetCookie()).toEqual([])
    expect(responses.map(({ status, headers }) => [status, headers.get('x-a')])).toEqual(Array(3).fill([204, '1']))
  })

  test.each([
    ['Response.redirect()', () => Response.redirect('http://localhost/account', 303)],
    ['what fetch brought', async () => (await fetch('data:text/plain,hello')) as Response],
  ])('headers that cannot be changed are no obstacle: %s', async (_, respond) => {
    for (const touch of [edit, (session: Session<object>) => void session.userId]) {
      const run = withSession(createSessions<Record<string, unknown>>(), (__, session) => {
        touch(session)
        return respond()
      })
      const response = await run(get())
      expect(response.headers.get('vary')).toBe('Cookie')
      expect(response.headers.getSetCookie()).toHaveLength(touch === edit ? 1 : 0)
      const original = await respond()
      expect([response.status, response.headers.get('location')]).toEqual([
        original.status,
        original.headers.get('location'),
      ])
    }
  })

  test('a network error and an upgrade pass as they are', async () => {
    const error = Response.error()
    const fetch = withSession(createSessions<Record<string, unknown>>(), (_, session) => {
      edit(session)
      return error
    })
    expect(await fetch(get())).toBe(error)
  })

  test.each([undefined, 503])(
    'an error of a handler is rethrown, and its edits are dropped (status %s)',
    async (status) => {
      const store = lateStore()
      const create = vi.spyOn(store, 'create')
      const fetch = withSession(createSessions<Record<string, unknown>>({ store }), (_, session) => {
        edit(session)
        throw Object.assign(new RangeError('mine'), { status })
      })
      await expect(fetch(get())).rejects.toThrow(RangeError)
      expect(create).not.toHaveBeenCalled()
    },
  )

  test.each(['read', 'create'] as const)(
    'an outage is a 503 that says nothing of what failed (%s)',
    async (operation) => {
      const run = vi.fn()
      const fetch = withSession(
        createSessions<Record<string, unknown>>({ store: failingStore(operation) }),
        (_, session) => {
          run()
          edit(session)
          return new Response('secret', { headers: { etag: '"1"' } })
        },
      )
      const response = await fetch(get({ headers: SOME_TOKEN }))
      expect(response.status).toBe(503)
      expect(Object.fromEntries(response.headers)).toEqual({
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        'retry-after': '1',
      })
      expect(await response.text()).not.toMatch(/secret|ECONN|ERR_|memory/)
      expect(run).toHaveBeenCalledTimes(operation === 'read' ? 0 : 1)
    },
  )

  test('a mistake of the application is no outage: it is thrown where its developer sees it', async () => {
    const fetch = withSession(createSessions<Record<string, unknown>>(), (_, session) => {
      const list: unknown[] = []
      session.data.list = list
      list.push(() => {})
      return new Response('x')
    })
    await expect(fetch(get())).rejects.toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
  })
})

describe('a body', () => {
  const sessions = createSessions<Record<string, unknown>>({ store: lateStore() })

  test.each([
    ['JSON', () => Response.json({ a: 1 })],
    ['a plain string', () => new Response('hello')],
    [
      'of known length',
      () => new Response('hello', { headers: { 'content-length': '5', 'content-type': 'text/html' } }),
    ],
  ])('that is whole already is passed on as it is: %s', async (_, respond) => {
    const original = respond()
    const response = await withSession(sessions, () => original)(get())
    expect(response).toBe(original)
  })

  test('that streams is whole when its late edits are stored', async () => {
    const encoder = new TextEncoder()
    const stream = withSession(sessions, (request, session) => {
      if (request.method === 'POST') {
        edit(session)
        return new Response()
      }
      let pulls = 0
      const body = new ReadableStream({
        pull(controller) {
          if (pulls++ === 2) controller.close()
          else controller.enqueue(encoder.encode(`${session.data.visits};`))
          edit(session)
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    })
    const begun = await stream(get({ method: 'POST' }))
    expect(await (await stream(next(begun))).text()).toBe('1;2;')
    expect(await (await stream(next(begun))).text()).toBe('4;5;')
  })

  test.each(['application/jsonl', 'application/json-seq', 'application/x-ndjson'])(
    'of lines of JSON (%s) is whole when its late edits are stored',
    async (type) => {
      const lines = withSession(sessions, (request, session) => {
        edit(session)
        if (request.method === 'POST') return Response.json(session.data)
        const source: UnderlyingDefaultSource = {
          pull(controller) {
            edit(session)
            controller.close()
          },
        }
        return new Response(new ReadableStream(source, { highWaterMark: 0 }), { headers: { 'content-type': type } })
      })
      const begun = await lines(get({ method: 'POST' }))
      await (await lines(next(begun))).text()
      const read = withSession(sessions, (_, session) => Response.json(session.data))
      expect(await (await read(next(begun))).json()).toEqual({ visits: 3 })
    },
  )

  test('whose source fails, fails, with the edits so far stored', async () => {
    const stream = withSession(sessions, (request, session) => {
      if (request.method === 'POST') {
        edit(session)
        return new Response()
      }
      const source: UnderlyingDefaultSource = {
        pull() {
          edit(session)
          throw new RangeError('mine')
        },
      }
      return new Response(new ReadableStream(source, { highWaterMark: 0 }))
    })
    const begun = await stream(get({ method: 'POST' }))
    await expect((await stream(next(begun))).text()).rejects.toThrow(RangeError)
    const read = withSession(sessions, (_, session) => Response.json(session.data))
    expect(await (await read(next(begun))).json()).toEqual({ visits: 2 })
  })

  test('whose client leaves is aborted, and its edits are stored', async () => {
    const cancelled = vi.fn()
    const stream = withSession(sessions, (request, session) => {
      edit(session)
      if (request.method === 'POST') return new Response()
      const source: UnderlyingDefaultSource = {
        pull(controller) {
          edit(session)
          controller.enqueue('x')
        },
        cancel: cancelled,
      }
      return new Response(new ReadableStream(source, { highWaterMark: 0 }))
    })
    const begun = await stream(get({ method: 'POST' }))
    const reader = (await stream(next(begun))).body?.getReader()
    await reader?.read()
    await reader?.cancel('gone')
    expect(cancelled).toHaveBeenCalledExactlyOnceWith('gone')
    const read = withSession(sessions, (_, session) => Response.json(session.data))
    expect(await (await read(next(begun))).json()).toEqual({ visits: 3 })
  })
})
