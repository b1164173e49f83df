import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { inherits } from 'node:util'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import * as all from 'sojourn/express-session'
import session, { Cookie, MemoryStore, type Session, type SessionOptions, Store } from 'sojourn/express-session'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../support/node-reply.ts'
import { Client, old, serve } from './support.ts'

const OPTIONS: SessionOptions = { secret: 'keyboard cat', resave: false, saveUninitialized: false }

describe('the module', () => {
  test('import and require give the function, with the constructors on it', () => {
    expect((all as Record<string, unknown>)['module.exports']).toBe(session)
    expect(session.Store).toBe(Store)
    expect(session.MemoryStore).toBe(MemoryStore)
    expect(session.Cookie).toBe(Cookie)
  })

  test('a store inherits by util.inherits or by class', () => {
    function Before(this: object): void {
      ;(Store as never as { call(self: object): void }).call(this)
    }
    inherits(Before as never, Store)
    const before = new (Before as never as new () => Store)()
    class After extends MemoryStore {}
    for (const store of [before, new After()]) {
      let heard = 0
      store.on('connect', () => heard++)
      store.emit('connect')
      expect(heard).toBe(1)
      expect(store).toBeInstanceOf(Store)
    }
  })

  test.each([
    [{ genid: 'x' as never }, /genid option must be a function/],
    [{ unset: 'x' as never }, /unset option must be/],
    [{ secret: [] }, /secret option array must contain/],
  ])('a wrong option throws: %j', (options, message) => {
    expect(() => session({ resave: false, saveUninitialized: false, ...options })).toThrow(message)
  })
})

test('a cookie takes no prototype from what a store returned', () => {
  const cookie = new Cookie(JSON.parse('{"__proto__":{"polluted":true},"path":"/app"}'))
  expect([cookie.path, cookie instanceof Cookie, 'polluted' in cookie]).toEqual(['/app', true, false])
})

describe('verbs', () => {
  const verbs: readonly (readonly [string, (session: Session) => Promise<void>])[] = [
    ['promises', (session) => session.regenerate()],
    ['callbacks', (session) => new Promise((done) => session.regenerate(() => done()))],
  ]
  test.each(verbs)('with %s: regenerate, save, reload, destroy', async (_, regenerate) => {
    const { origin, errors } = await serve({}, (app) => {
      app.get('/', async (request, response) => {
        const first = old(request).sessionID
        old(request).session.gone = true
        await regenerate(old(request).session)
        old(request).session.kept = true
        await old(request).session.save()
        old(request).session.kept = false
        await old(request).session.reload()
        const { kept, gone } = old(request).session
        response.json([first === old(request).sessionID, kept, gone ?? null])
      })
      app.get('/destroy', async (request, response) => {
        await old(request).session.destroy()
        response.end(String(old(request).session))
      })
    })
    const client = new Client(origin)
    expect(JSON.parse(await client.text('/'))).toEqual([false, true, null])
    expect(await client.text('/destroy')).toBe('undefined')
    expect(errors).toEqual([])
  })

  test('reload of a session that is gone fails', async () => {
    const store = new MemoryStore()
    const { origin } = await serve({ store }, (app) => {
      app.get('/', async (request, response) => {
        old(request).session.user = 'ann'
        await old(request).session.save()
        store.clear()
        await old(request)
          .session.reload()
          .catch((error: Error) => response.end(error.message))
      })
    })
    expect(await new Client(origin).text('/')).toBe('failed to load session')
  })

  test('a save that fails and is not awaited ends no process', async () => {
    const store = new MemoryStore()
    const fail = (_: string, __: object, done?: (error: Error) => void): void => done?.(new Error('down'))
    store.set = fail
    const { origin, errors } = await serve({ store }, (app) => {
      app.get('/', (request, response) => {
        old(request).session.user = 'ann'
        void old(request).session.save()
        response.end('sent')
      })
    })
    expect(await new Client(origin).text('/')).toBe('sent')
    await expect.poll(() => errors.length).toBe(1)
  })

  test('regenerate and save write once', async () => {
    const store = new MemoryStore()
    let writes = 0
    const { set } = store
    const count: typeof set = (...args) => {
      writes++
      return Reflect.apply(set, store, args)
    }
    store.set = count
    const { origin } = await serve({ store }, (app) => {
      app.get('/', async (request, response) => {
        await old(request).session.regenerate()
        old(request).session.user = 'ann'
        await old(request).session.save()
        response.redirect('/next')
      })
    })
    await new Client(origin).send('/')
    expect(writes).toBe(1)
  })
})

describe('which requests get a session', () => {
  const echo = (app: Express): void => {
    app.use((request, response) => void response.end(String(old(request).sessionID)))
  }

  test('of two middlewares, the first one counts', async () => {
    const { origin } = await serve({ genid: () => 'first' }, (app) => {
      app.use(session({ ...OPTIONS, genid: () => 'second' }) as RequestHandler)
      echo(app)
    })
    expect(await new Client(origin).text('/')).toBe('first')
  })

  test('those below the path of the cookie, also when a client sends the whole URL', async () => {
    const { origin } = await serve({ genid: () => 'id', cookie: { path: '/app' } }, echo)
    const whole = (path: string) => rawGet(origin, `http://example.test${path}`)
    expect(await new Client(origin).text('/app/page')).toBe('id')
    expect(await new Client(origin).text('/other?/app')).toBe('undefined')
    expect(await whole('/app/page')).toBe('id')
    expect(await whole('/other')).toBe('undefined')
  })

  test('a cookie with an empty id opens nothing', async () => {
    const store = new MemoryStore()
    store.sessions[''] = JSON.stringify({ cookie: {}, userId: 'ann' })
    const { origin } = await serve({ store }, echo)
    const empty = `s:.${createHmac('sha256', 'keyboard cat').update('').digest('base64').replace(/=+$/, '')}`
    const client = new Client(origin)
    client.cookies.set('connect.sid', encodeURIComponent(empty))
    expect(await client.text('/')).toMatch(/^[\w-]{32}$/)
  })
})

describe('options', () => {
  test.each([
    ['http', 'Path=/; HttpOnly; SameSite=Lax'],
    ['https', 'Path=/; HttpOnly; Secure; SameSite=None'],
  ])('secure and sameSite auto, over %s', async (scheme, attributes) => {
    const cookie: SessionOptions['cookie'] = { secure: 'auto', sameSite: 'auto' }
    const { origin } = await serve({ proxy: true, saveUninitialized: true, cookie }, (app) => {
      app.get('/', (_, response) => void response.end())
    })
    const [line = ''] = (await fetch(origin, { headers: { 'x-forwarded-proto': scheme } })).headers.getSetCookie()
    expect(line.slice(line.indexOf(' ') + 1)).toBe(attributes)
  })

  test('proxy: false, although Express trusts the proxy: a secure cookie is not sent', async () => {
    const options: SessionOptions = { proxy: false, saveUninitialized: true, cookie: { secure: true } }
    const { app, origin } = await serve(options, (it) => it.get('/', (_, response) => void response.end()))
    app.set('trust proxy', true)
    expect((await fetch(origin, { headers: { 'x-forwarded-proto': 'https' } })).headers.getSetCookie()).toEqual([])
  })

  test('without secret, the one of cookie-parser counts, and without both, requests fail', async () => {
    const app = express()
    app.use('/parsed', (request, _, next) => next(void Object.assign(request, { secret: 'cat' })))
    app.use(session({ resave: false, saveUninitialized: true }) as RequestHandler)
    app.use((_, response) => void response.end())
    const onError: ErrorRequestHandler = (error, _, response, __) =>
      void response.status(error.status).end(error.message)
    app.use(onError)
    const server = await listen(createServer(app))
    onTestFinished(() => server.close())
    expect((await fetch(`${server.origin}/parsed`)).headers.getSetCookie()).toHaveLength(1)
    const response = await fetch(server.origin)
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('secret option required')])
  })

  test.each<SessionOptions>([
    { name: 'a=b' },
    { name: 'a; HttpOnly' },
    { cookie: { domain: 'other.test; Secure' } },
    { cookie: { domain: 'other\r\nx: y' } },
    { cookie: { sameSite: 'sometimes' as never } },
    { cookie: { priority: 'low; x' as never } },
  ])('what would become another attribute or header is no cookie: %j', async (options) => {
    const { origin, errors } = await serve({ saveUninitialized: true, ...options }, (app) => {
      app.use((_, response) => void response.end())
    })
    expect((await fetch(origin)).headers.getSetCookie()).toEqual([])
    await expect.poll(() => errors).toMatchObject([{ message: expect.stringMatching(/^option \w+ is invalid$/) }])
  })

  test('touch is called once in a response, so that the cookie and the store have the same time', async () => {
    let touches = 0
    const { origin } = await serve({ saveUninitialized: true, cookie: { maxAge: 60_000 } }, (app) => {
      app.get('/', (request, response) => {
        const { session } = old(request)
        const { touch } = session
        const touchOnce = (): Session => {
          touches++
          return touch.call(session)
        }
        Object.defineProperty(session, 'touch', { value: touchOnce })
        response.end()
      })
    })
    await fetch(origin)
    expect(touches).toBe(1)
  })

  test.each([
    [true, 1],
    [false, 0],
  ])('resave: %s', async (resave, expected) => {
    const { writes, client } = await counted({ resave })
    await client.send('/change')
    writes.length = 0
    await client.send('/reload')
    await client.send('/read')
    expect(writes).toHaveLength(expected * 2)
  })

  test.each([
    ['keep', true],
    ['destroy', false],
  ] as const)('unset: %s', async (unset, isKept) => {
    const { store, client } = await counted({ unset })
    await client.send('/change')
    await client.send('/unset')
    expect(Object.keys(store.sessions)).toHaveLength(isKept ? 1 : 0)
  })

  test('a store that failed once in a response is not asked again', async () => {
    const { store, writes, client, errors } = await counted({})
    const fail: typeof store.set = (sid, _, done) => {
      writes.push(sid)
      setImmediate(() => done?.(new Error('down')))
    }
    store.set = fail
    await (await client.send('/stream')).text()
    await expect.poll(() => errors).toHaveLength(1)
    expect(writes).toHaveLength(1)
  })

  /** An application on a store that remembers its writes. */
  async function counted(options: SessionOptions) {
    const store = new MemoryStore()
    const writes: string[] = []
    const { set } = store
    const count: typeof set = (...args) => {
      writes.push(args[0])
      return Reflect.apply(set, store, args)
    }
    store.set = count
    const { origin, errors } = await serve({ store, ...options }, (app) => {
      app.get('/change', (request, response) => {
        old(request).session.user = 'ann'
        response.end()
      })
      app.get('/reload', async (request, response) => {
        await old(request).session.reload()
        response.end()
      })
      app.get('/unset', (request, response) => {
        Object.assign(request, { session: null })
        response.end()
      })
      app.get('/stream', (request, response) => {
        old(request).session.user = 'ann'
        response.write('a')
        response.end('b')
      })
      app.get('/read', (_, response) => void response.end())
    })
    return { store, writes, errors, client: new Client(origin) }
  }
})

describe('the response', () => {
  test('a redirect leaves after the session is stored', async () => {
    const order: string[] = []
    const store = new MemoryStore()
    const { set } = store
    const late: typeof set = (sid, data, done) =>
      setImmediate(() => {
        order.push('stored')
        Reflect.apply(set, store, [sid, data, done])
      })
    store.set = late as never
    const { origin } = await serve({ store }, (app) => {
      app.get('/', (request, response) => {
        old(request).session.user = 'ann'
        response.redirect('/next')
      })
    })
    await new Client(origin).send('/')
    order.push('received')
    expect(order).toEqual(['stored', 'received'])
  })

  test('a visitor without data gets no cookie and no session', async () => {
    const store = new MemoryStore()
    const { origin } = await serve({ store }, (app) => app.get('/', (_, response) => void response.end()))
    const response = await new Client(origin).send('/')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(Object.keys(store.sessions)).toEqual([])
  })

  test('a secure cookie is not sent over HTTP, and behind a trusted proxy it is', async () => {
    const { origin } = await serve({ proxy: true, cookie: { secure: true } }, (app) => {
      app.get('/', (request, response) => {
        old(request).session.user = 'ann'
        response.end()
      })
    })
    expect((await fetch(origin)).headers.getSetCookie()).toEqual([])
    const [line] = (await fetch(origin, { headers: { 'x-forwarded-proto': 'https' } })).headers.getSetCookie()
    expect(line).toMatch(/^connect\.sid=s%3A.+; Path=\/; HttpOnly; Secure$/)
  })
})

/** The body of the answer to a request line that no HTTP client writes. */
async function rawGet(origin: string, target: string): Promise<string> {
  const { port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nhost: example.test\r\nconnection: close\r\n\r\n`)
  return (await text(socket)).split('\r\n\r\n')[1] ?? ''
}
