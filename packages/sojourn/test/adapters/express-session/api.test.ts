import { inherits } from 'node:util'
import * as all from 'sojourn/express-session'
import session, { Cookie, MemoryStore, type Session, Store } from 'sojourn/express-session'
import { describe, expect, test } from 'vitest'
import { Client, old, serve } from './support.ts'

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
