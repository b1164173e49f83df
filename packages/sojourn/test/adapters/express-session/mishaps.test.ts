import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import express, { type RequestHandler } from 'express'
import session, { MemoryStore, type SessionOptions } from 'sojourn/express-session'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { listen } from '../support/node-reply.ts'
import { Client, gate, old, STORES, serve } from './support.ts'

const require = createRequire(import.meta.url)
const { Passport } = require('passport') as {
  Passport: new () => {
    serializeUser(to: (user: string, done: (error: null, id: string) => void) => void): void
    deserializeUser(to: (id: string, done: (error: null, user: string) => void) => void): void
    session(): RequestHandler
  }
}
const OPTIONS: SessionOptions = { secret: 'keyboard cat', resave: false, saveUninitialized: false }
const post = { method: 'POST' }

type Get = MemoryStore['get']
type Done = (error?: unknown) => void

/** An application that counts visits in the session. */
async function visits(options: SessionOptions) {
  const { errors, origin } = await serve(options, (app) => {
    app.get('/', (request, response) => {
      old(request).session.visits = Number(old(request).session.visits ?? 0) + 1
      response.end(String(old(request).session.visits))
    })
    app.get('/read', (request, response) => void response.end(String(old(request).session.visits)))
  })
  return { errors, client: new Client(origin) }
}

describe.each(STORES)('requests that do odd things, on %s', (_, createStore) => {
  test('a logout that is not awaited before the redirect: the next page shows nobody', async () => {
    const store = createStore()
    const { origin } = await serve({ store }, (app) => {
      app.post('/login', (request, response) => {
        const { destroy } = old(request).sessionStore
        old(request).session.userId = 'ann'
        const late: typeof destroy = (id, done) =>
          setTimeout(() => Reflect.apply(destroy, old(request).sessionStore, [id, done]), 20)
        old(request).sessionStore.destroy = late
        response.end()
      })
      app.post('/logout', (request, response) => {
        void old(request).session.destroy()
        response.redirect('/')
      })
      app.get('/', (request, response) => void response.end(String(old(request).session.userId)))
    })
    const client = new Client(origin)
    await client.send('/login', post)
    await client.send('/logout', post)
    expect(await client.text('/')).toBe('undefined')
  })

  test('a double click on Passport’s logout: both answers are right', async () => {
    const passport = new Passport()
    passport.serializeUser((user, done) => done(null, user))
    passport.deserializeUser((id, done) => done(null, id))
    const first = gate()
    const { origin, errors } = await serve({ store: createStore() }, (app) => {
      app.use(passport.session())
      app.post('/login', (request, response, next) => {
        const { login } = request as never as { login(user: string, done: Done): void }
        login.call(request, 'ann', (error) => (error ? next(error) : response.end()))
      })
      app.post('/logout/:click', async (request, response, next) => {
        if (request.params.click === '1') await first.pass()
        const { logout } = request as never as { logout(done: Done): void }
        logout.call(request, (error) => (error ? next(error) : response.end('out')))
      })
    })
    const client = new Client(origin)
    await client.send('/login', post)
    const slow = client.text('/logout/1', post)
    await first.reached
    expect(await client.text('/logout/2', post)).toBe('out')
    first.open()
    expect(await slow).toBe('out')
    expect(errors).toEqual([])
  })

  test('only what adds nothing may be saved into a session that has ended', async () => {
    const edits: readonly ((data: Record<string, unknown>) => void)[] = [
      (data) => delete data.a,
      (data) => Object.assign(data, { deep: { b: { c: 1 } } }),
      (data) => Object.assign(data, { deep: { b: { c: 2 } } }),
      (data) => Object.assign(data, { deep: { b: 1 } }),
      (data) => Object.assign(data, { list: [1] }),
      (data) => Object.assign(data, { new: 1 }),
      () => {},
    ]
    const { origin } = await serve({ store: createStore() }, (app) => {
      app.get('/:edit', async (request, response) => {
        const { session, sessionStore } = old(request)
        Object.assign(session, { a: 1, deep: { b: { c: 1, d: 2 } }, list: [1, 2] })
        await session.save()
        await new Promise<void>((resolve) => sessionStore.destroy(session.id, () => resolve()))
        edits[Number(request.params.edit)]?.(session)
        await session.save().then(
          () => response.end('saved'),
          (error: { code: string }) => response.end(error.code),
        )
      })
    })
    const answers = await Promise.all(edits.map((_, at) => new Client(origin).text(`/${at}`)))
    const refused = 'ERR_SESSION_ENDED'
    expect(answers).toEqual(['saved', 'saved', refused, refused, refused, refused, refused])
  })

  test('two middlewares share a store: a login gets the cookie of its own one', async () => {
    const store = createStore()
    const app = express()
    app.use('/shop', session({ ...OPTIONS, store, name: 'shop', cookie: { sameSite: 'strict' } }) as RequestHandler)
    app.use('/blog', session({ ...OPTIONS, store, name: 'blog', cookie: { httpOnly: false } }) as RequestHandler)
    app.get('/shop', async (request, response) => {
      await old(request).session.regenerate()
      old(request).session.userId = 'ann'
      response.end()
    })
    const server = await listen(createServer(app))
    onTestFinished(() => server.close())
    const [line] = (await fetch(`${server.origin}/shop`)).headers.getSetCookie()
    expect(line).toMatch(/^shop=.+; HttpOnly; SameSite=Strict$/)
  })

  test('Socket.IO and ws pass an empty object as the response: reload and save work for as long as the socket is open', async () => {
    const open = session({ ...OPTIONS, store: createStore() })
    const request = { headers: {}, url: '/', socket: {} }
    await new Promise<void>((resolve) => open(request as never, {} as never, () => resolve()))
    for (const round of [1, 2, 3]) {
      old(request).session.round = round
      await old(request).session.save()
      await old(request).session.reload()
      expect(old(request).session.round).toBe(round)
    }
  })

  test('req.session replaced by another object: an error says what to do', async () => {
    const { origin, errors } = await serve({ store: createStore() }, (app) => {
      app.get('/', (request, response) => {
        Object.assign(request, { session: { userId: 'ann' } })
        response.end()
      })
    })
    expect((await fetch(origin)).status).toBe(500)
    expect(errors).toMatchObject([
      { code: 'ERR_MISUSE', message: expect.stringContaining('Set properties of req.session') },
    ])
  })
})

describe('stores that do odd things', () => {
  /** Whatever is asked takes a while, as over a network. */
  class Slow extends MemoryStore {
    override get(...[sid, done]: Parameters<Get>): void {
      super.get(sid, (error, found) => setTimeout(done, 5, error, found))
    }
    override touch(_: string, __: object, done?: Done): void {
      done?.()
    }
  }

  test('one that takes a while: parallel saves of a session take turns, removals are kept, and the own cookie is stored', async () => {
    const store = new Slow()
    const { origin } = await serve({ store }, (app) => {
      app.get('/begin', (request, response) => {
        Object.assign(old(request).session, { removed: true })
        response.end(old(request).sessionID)
      })
      app.get('/add/:key', (request, response) => {
        old(request).session[request.params.key] = true
        response.end()
      })
      app.get('/last', async (request, response) => {
        delete old(request).session.removed
        old(request).session.cookie.maxAge = 1_000_000
        await fetch(`${origin}/add/between`, { headers: { cookie: request.headers.cookie ?? '' } })
        await old(request).session.save()
        response.end()
      })
    })
    const client = new Client(origin)
    const id = await client.text('/begin')
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => client.send(`/add/${key}`)))
    await client.send('/last')
    const { cookie, ...data } = JSON.parse(store.sessions[id] ?? '{}')
    expect(data).toEqual({ a: true, b: true, c: true, d: true, between: true })
    expect(cookie.originalMaxAge).toBeCloseTo(1_000_000, -3)
  })

  test.each(['calls back twice', 'says false for no error'])('one that %s', async (name) => {
    class Odd extends MemoryStore {
      override get(...[sid, done]: Parameters<Get>): void {
        super.get(sid, (_, found) => {
          done(false, found)
          if (name === 'calls back twice') done(false, found)
        })
      }
    }
    const { client, errors } = await visits({ store: new Odd() })
    await client.text('/')
    expect(await client.text('/')).toBe('2')
    expect(await client.text('/read')).toBe('2')
    expect(errors).toEqual([])
  })

  test('one that reports ENOENT for a missing session, as file stores do: a new one begins', async () => {
    class Files extends MemoryStore {
      override get(...[sid, done]: Parameters<Get>): void {
        super.get(sid, (_, found) => (found ? done(null, found) : done(Object.assign(new Error(), { code: 'ENOENT' }))))
      }
    }
    const store = new Files()
    const { client, errors } = await visits({ store })
    await client.text('/')
    store.clear()
    expect(await client.text('/')).toBe('1')
    expect(errors).toEqual([])
  })

  test('one that adds and removes a property of its own, as connect-mongo does: one write a change, none a read', async () => {
    let writes = 0
    class Dated extends MemoryStore {
      override get(...[sid, done]: Parameters<Get>): void {
        super.get(sid, (error, found) => done(error, found && { ...found, lastModified: new Date(0) }))
      }
      override set(sid: string, data: { lastModified?: unknown }, done?: Done): void {
        writes++
        delete data.lastModified
        super.set(sid, data, done)
      }
    }
    const { origin } = await serve({ store: new Dated() }, (app) => {
      app.get('/', async (request, response) => {
        old(request).session.seen = true
        await old(request).session.save()
        response.end()
      })
    })
    const client = new Client(origin)
    await client.send('/')
    expect(writes).toBe(1)
    await client.send('/')
    expect(writes).toBe(2)
  })

  test('one that keeps a session longer but not its cookie, as connect-redis does: save logs nobody out', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const ttls: number[] = []
    class Redis extends MemoryStore {
      override get(...[sid, done]: Parameters<Get>): void {
        const text = this.sessions[sid]
        setImmediate(done, null, text && JSON.parse(text))
      }
      override set(sid: string, data: { cookie?: { expires?: Date } }, done?: Done): void {
        ttls.push(Number(data.cookie?.expires) - Date.now())
        super.set(sid, data, done)
      }
      override touch(_: string, __: object, done?: Done): void {
        done?.()
      }
    }
    const { origin } = await serve({ store: new Redis(), rolling: true, cookie: { maxAge: 60_000 } }, (app) => {
      app.get('/', async (request, response) => {
        old(request).session.at = Date.now()
        await old(request).session.save()
        response.end()
      })
      app.get('/read', (_, response) => void response.end())
    })
    const client = new Client(origin)
    await client.send('/')
    for (let round = 0; round < 3; round++) {
      vi.advanceTimersByTime(40_000)
      await client.send('/read')
    }
    await client.send('/')
    expect(ttls).toEqual([60_000, 60_000])
  })

  test('one that fails at the end of a large answer: the client gets all of it, also with the error page of Express', async () => {
    const store = new MemoryStore()
    store.set = (_, __, done) => setImmediate(() => done?.(new Error('down')))
    const app = express()
    app.set('env', 'test')
    app.use(session({ ...OPTIONS, store }) as RequestHandler)
    app.get('/', (request, response) => {
      old(request).session.seen = true
      response.end(Buffer.alloc(20_000_000))
    })
    const server = await listen(createServer(app))
    onTestFinished(() => server.close())
    expect((await (await fetch(server.origin)).arrayBuffer()).byteLength).toBe(20_000_000)
  })

  test('one that never answers: the request fails in the end', async () => {
    const store = new MemoryStore()
    const { client, errors } = await visits({ store })
    await client.text('/')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const asked = gate()
    store.get = () => void asked.pass()
    const answer = client.send('/')
    await asked.reached
    vi.advanceTimersByTime(30_000)
    expect((await answer).status).toBe(503)
    expect(errors).toMatchObject([{ code: 'ERR_STORE_TIMEOUT' }])
  })

  test('one that is away, and comes back: requests go on without a session, as with express-session', async () => {
    const store = new MemoryStore()
    const { origin } = await serve({ store }, (app) => {
      app.get('/', (request, response) => void response.end(typeof old(request).session))
    })
    const client = new Client(origin)
    store.emit('disconnect')
    expect(await client.text('/')).toBe('undefined')
    store.emit('connect')
    expect(await client.text('/')).toBe('object')
  })
})
