import { createServer } from 'node:http'
import { Readable, Stream } from 'node:stream'
import Koa from 'koa'
import koaSession from 'koa-session'
import { createSessions, memoryStore, SessionError, type Store } from 'sojourn'
import { koaSessions } from 'sojourn/koa'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from './support/node-reply.ts'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(app: Koa): Promise<string> {
  app.silent = true
  const { origin, close } = await listen(createServer(app.callback()))
  closing.push(close)
  return origin
}

function resolvable() {
  let resolve = (): void => {}
  let reject = (_: Error): void => {}
  const promise = new Promise<void>((done, fail) => {
    resolve = done
    reject = fail
  })
  return { promise, resolve, reject }
}

/** A store that creates a record when the test says so. */
function gatedStore(): { readonly store: Store; readonly asked: Promise<void>; open(error?: Error): void } {
  const store = memoryStore()
  const gate = resolvable()
  const asked = resolvable()
  return {
    store: {
      ...store,
      async create(record) {
        asked.resolve()
        await gate.promise
        return store.create(record)
      },
    },
    asked: asked.promise,
    open: (error) => (error === undefined ? gate.resolve() : gate.reject(error)),
  }
}

describe('koaSessions', () => {
  test('the session is the same by both names', async () => {
    const sessions = createSessions()
    const app = new Koa()
    app.use(koaSessions(sessions))
    app.use((ctx) => {
      ctx.body = { isSame: ctx.session === sessions.get(ctx), user: ctx.session.userId }
    })
    expect(await (await fetch(await serve(app))).json()).toEqual({ isSame: true, user: null })
  })

  test('mounted twice, there is one session and one cookie', async () => {
    const sessions = createSessions()
    const app = new Koa()
    app.use(koaSessions(sessions)).use(koaSessions(sessions))
    app.use(async (ctx) => {
      await ctx.session.login('ada')
      ctx.body = 'hello'
    })
    const { headers } = await fetch(await serve(app))
    expect(headers.getSetCookie()).toHaveLength(1)
  })

  test.each(['before', 'after'])('koa-session mounted %s it is refused by name', async (when) => {
    const app = new Koa()
    app.keys = ['a key of the test, long enough']
    const errors: unknown[] = []
    app.on('error', (error) => errors.push(error))
    if (when === 'before') app.use(koaSession(app as never) as never)
    app.use(koaSessions(createSessions()))
    if (when === 'after') app.use(koaSession(app as never) as never)
    expect((await fetch(await serve(app))).status).toBe(500)
    expect(errors).toEqual([
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('koa-session') }),
    ])
  })

  test.each(['read', 'create'] as const)(
    'an outage reaches middleware around it and the error event (%s)',
    async (operation) => {
      const errors: unknown[] = []
      const app = new Koa()
      app.on('error', (error) => errors.push(error))
      app.use(async (ctx, next) => {
        try {
          await next()
        } catch (error) {
          ctx.app.emit('error', error, ctx)
          ctx.status = (error as SessionError).status
          ctx.body = 'sorry'
        }
      })
      app.use(koaSessions(createSessions({ store: failingStore(operation) })))
      app.use((ctx) => {
        ctx.session.data.theme = 'dark'
        ctx.status = 201
        ctx.set({ etag: '"1"', 'set-cookie': 'own=1' })
        ctx.body = 'secret'
      })
      const response = await fetch(await serve(app), { headers: SOME_TOKEN })
      expect([response.status, await response.text()]).toEqual([503, 'sorry'])
      expect([response.headers.get('etag'), response.headers.getSetCookie()]).toEqual([null, []])
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_STORE', status: 503 })])
      expect(errors[0]).toBeInstanceOf(SessionError)
    },
  )

  test("Koa's own error page is a 503 that says when to come again", async () => {
    const app = new Koa()
    app.use(koaSessions(createSessions({ store: failingStore('create') })))
    app.use((ctx) => {
      ctx.session.data.theme = 'dark'
      ctx.body = Readable.from(['secret'])
    })
    const response = await fetch(await serve(app))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.text()).toBe('Service Unavailable')
  })

  test('middleware that catches the outage and answers nothing does not send what the handler had answered', async () => {
    const app = new Koa()
    app.use((_, next) => next().catch(() => {}))
    app.use(koaSessions(createSessions({ store: failingStore('create') })))
    app.use((ctx) => {
      ctx.session.data.theme = 'dark'
      ctx.body = 'secret'
    })
    const response = await fetch(await serve(app))
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('secret')
  })

  test('an error page after a failed opening has no session, and reading it names the reason', async () => {
    const codes: unknown[] = []
    const app = new Koa()
    app.use(async (ctx, next) => {
      try {
        await next()
      } catch {
        try {
          ctx.session.userId
        } catch (error) {
          codes.push((error as SessionError).code)
        }
        ctx.body = 'sorry'
      }
    })
    app.use(koaSessions(createSessions({ store: failingStore('read') })))
    await fetch(await serve(app), { headers: SOME_TOKEN })
    expect(codes).toEqual(['ERR_NO_SESSION'])
  })

  test("the scheme and the client's address are those of Koa's own proxy setting", async () => {
    const seen = async (proxy: boolean): Promise<unknown> => {
      const { guard, views } = spyGuard()
      const app = new Koa({ proxy })
      app.use((ctx, next) => {
        // As koa-mount does below its path.
        ctx.path = '/below'
        return next()
      })
      app.use(koaSessions(createSessions({ guards: [guard] })))
      app.use((ctx) => {
        ctx.body = views.map(({ url, secure, peer }) => ({ url, secure, peer }))
      })
      const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
      return (await fetch(`${await serve(app)}/a?x=1`, { headers })).json()
    }
    expect(await seen(false)).toEqual([{ url: '/a?x=1', secure: false, peer: '127.0.0.1' }])
    expect(await seen(true)).toEqual([{ url: '/a?x=1', secure: true, peer: '192.0.2.7' }])
  })

  test('what middleware around it edits after the handler is stored', async () => {
    const sessions = createSessions({ store: lateStore() })
    const app = new Koa()
    app.use(async (ctx, next) => {
      await next()
      if (ctx.path === '/') ctx.session.data.seen = true
    })
    app.use(koaSessions(sessions))
    app.use((ctx) => {
      if (ctx.path === '/') ctx.session.data.theme = 'dark'
      ctx.body = ctx.session.data
    })
    const visitor = createVisitor(await serve(app))
    await (await visitor.fetch('/')).text()
    expect(await (await visitor.fetch('/read')).json()).toEqual({ theme: 'dark', seen: true })
  })
})

describe('attacks and accidents on Koa', () => {
  test('a time limit that answers while the store is late does not lose the token of a login', async () => {
    const { store, asked, open } = gatedStore()
    const app = new Koa()
    app.use((ctx, next) =>
      Promise.race([
        next(),
        asked.then(() => {
          ctx.status = 504
          ctx.body = 'too slow'
        }),
      ]),
    )
    app.use(koaSessions(createSessions({ store })))
    app.use((ctx) => {
      ctx.session.data.cart = 1
      ctx.body = 'in time'
    })
    const answer = fetch(await serve(app))
    await asked
    await new Promise((resolve) => setImmediate(resolve))
    open()
    const response = await answer
    expect([response.status, await response.text()]).toEqual([504, 'too slow'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  test('a time limit that answers before the store fails is sent, without a cookie', async () => {
    const { store, asked, open } = gatedStore()
    const app = new Koa()
    app.use((ctx, next) =>
      Promise.race([
        next(),
        asked.then(() => {
          ctx.status = 504
          ctx.body = 'too slow'
        }),
      ]),
    )
    app.use(koaSessions(createSessions({ store })))
    app.use((ctx) => {
      ctx.session.data.cart = 1
      ctx.body = 'in time'
    })
    const answer = fetch(await serve(app))
    await asked
    await new Promise((resolve) => setImmediate(resolve))
    open(new Error('connect ECONNREFUSED'))
    const response = await answer
    expect([response.status, await response.text()]).toEqual([504, 'too slow'])
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test.each(['a stream', 'a stream of the first kind'])(
    '%s that breaks while the store is at work ends no process, and its error page carries the cookie of the login',
    async (kind) => {
      const app = new Koa()
      const { store, asked, open } = gatedStore()
      app.use(koaSessions(createSessions({ store })))
      app.use((ctx) => {
        const stream = kind === 'a stream' ? new Readable({ read() {} }) : (new Stream() as Readable)
        ctx.session.data.cart = 1
        ctx.body = stream
        asked.then(() => {
          if (kind === 'a stream') stream.destroy(new Error('of the disk'))
          else stream.emit('error', new Error('of the disk'))
          setImmediate(open)
        })
      })
      const response = await fetch(await serve(app))
      expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error'])
      expect(response.headers.getSetCookie()).toHaveLength(1)
    },
  )

  test('a login after the answer was sent is refused, and the session that it would replace stays', async () => {
    const codes: unknown[] = []
    const sessions = createSessions()
    const app = new Koa()
    const late = resolvable()
    app.use(koaSessions(sessions))
    app.use((ctx) => {
      ctx.body = 'sent'
      ctx.res.once('finish', () => {
        ctx.session.login('ada').catch((error: SessionError) => {
          codes.push(error.code)
          late.resolve()
        })
      })
    })
    await (await fetch(await serve(app))).text()
    await late.promise
    expect(codes).toEqual(['ERR_HEADERS_SENT'])
    expect(await sessions.list('ada')).toEqual([])
  })

  test('an error thrown after a login carries the cookie, though Koa removes all headers from its error page', async () => {
    const app = new Koa()
    app.use(koaSessions(createSessions({ store: lateStore() })))
    app.use(async (ctx) => {
      await ctx.session.login('ada')
      ctx.cookies.set('own', '1')
      throw new Error('of the handler')
    })
    const response = await fetch(await serve(app))
    expect(response.status).toBe(500)
    expect(response.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['session'])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})
