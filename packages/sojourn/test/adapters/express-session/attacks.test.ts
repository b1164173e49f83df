import { createHmac } from 'node:crypto'
import type { Express } from 'express'
import { memoryStore, type Store } from 'sojourn'
import session, { type SessionOptions } from 'sojourn/express-session'
import { describe, expect, test } from 'vitest'
import { Client, gate, old, STORES, serve } from './support.ts'

/** An application whose slow handlers wait at a gate between reading and writing. */
function shop(app: Express, slow: ReturnType<typeof gate>): void {
  app.post('/login', async (request, response) => {
    await old(request).session.regenerate()
    old(request).session.userId = 'ann'
    response.end('in')
  })
  app.post('/login-without-regenerate', (request, response) => {
    old(request).session.userId = 'ann'
    response.end('in')
  })
  app.post('/logout', (request, response, next) => {
    old(request).session.destroy((error) => (error ? next(error) : response.end('out')))
  })
  app.get('/who', (request, response) => void response.end(String(old(request).session.userId)))
  app.get('/data', (request, response) => {
    response.end(JSON.stringify(old(request).session))
  })
  app.post('/visit', (request, response) => {
    old(request).session.visits = 1
    response.end()
  })
  app.post('/slow', async (request, response) => {
    old(request).session.cart = ['lamp']
    await slow.pass()
    response.end('saved')
  })
  app.post('/slow-save', async (request, response) => {
    old(request).session.cart = ['lamp']
    await slow.pass()
    old(request).session.save((error) => response.end(String((error as { code?: string } | undefined)?.code)))
  })
  app.get('/slow-read', async (_, response) => {
    await slow.pass()
    response.end('read')
  })
  app.post('/quick', (request, response) => {
    old(request).session.theme = 'dark'
    response.end('saved')
  })
  app.post('/remove', (request, response) => {
    delete old(request).session.visits
    response.end('removed')
  })
}

async function open(options: SessionOptions) {
  const slow = gate()
  const served = await serve(options, (app) => shop(app, slow))
  const client = new Client(served.origin)
  return { ...served, slow, client }
}

const post = { method: 'POST' }

describe.each(STORES)('on %s', (_, createStore) => {
  describe('1 ended is ended: destroy beside a slow request', () => {
    test.each([
      ['that writes', '/slow', {}],
      ['that only reads, with resave', '/slow-read', { resave: true }],
      ['that only reads, with rolling', '/slow-read', { rolling: true, cookie: { maxAge: 60_000 } }],
    ])('%s', async (_, path, options) => {
      const { client, slow, errors } = await open({ store: createStore(), ...options })
      await client.send('/login', post)
      const cookie = client.cookies.get('connect.sid') ?? ''
      const running = client.send(path, path === '/slow' ? post : {})
      await slow.reached
      expect(await client.text('/logout', post)).toBe('out')
      slow.open()
      expect((await running).status).toBe(200)
      client.cookies.set('connect.sid', cookie)
      expect(await client.text('/who')).toBe('undefined')
      expect(errors).toEqual([])
    })

    test('that saves by itself: its callback gets ERR_SESSION_ENDED', async () => {
      const { client, slow } = await open({ store: createStore() })
      await client.send('/login', post)
      const running = client.text('/slow-save', post)
      await slow.reached
      await client.send('/logout', post)
      slow.open()
      expect(await running).toBe('ERR_SESSION_ENDED')
      expect(await client.text('/who')).toBe('undefined')
    })

    test('through an old reference to the session, in the same request', async () => {
      const codes: unknown[] = []
      const { origin } = await serve({ store: createStore() }, (app) => {
        app.get('/', async (request, response) => {
          const { session } = old(request)
          session.userId = 'ann'
          await session.save()
          await session.destroy()
          await session.save().catch((error: { code: string }) => codes.push(error.code))
          response.end(session.id)
        })
        app.get('/stored', (request, response) => {
          const id = String(request.query.id)
          old(request).sessionStore.get(id, (error, stored) => response.end(JSON.stringify([error, stored ?? null])))
        })
      })
      const client = new Client(origin)
      const id = await client.text('/')
      expect(codes).toEqual(['ERR_SESSION_ENDED'])
      expect(await client.text(`/stored?id=${id}`)).toBe('[null,null]')
    })

    test('through an old reference to a session that was never stored', async () => {
      const { origin } = await serve({ store: createStore() }, (app) => {
        app.get('/', async (request, response) => {
          const { session, sessionStore } = old(request)
          session.userId = 'ann'
          await session.destroy()
          const code = await session.save().catch((error: { code: string }) => error.code)
          sessionStore.get(session.id, (_, stored) => response.end(JSON.stringify([code, stored ?? null])))
        })
      })
      expect(await new Client(origin).text('/')).toBe('["ERR_SESSION_ENDED",null]')
    })

    test('regenerate beside a parallel write: the old session stays ended, and the new one has no data of it', async () => {
      const { client, slow } = await open({ store: createStore() })
      await client.send('/visit', post)
      const planted = client.cookies.get('connect.sid') ?? ''
      const running = client.send('/slow', post)
      await slow.reached
      await client.send('/login', post)
      slow.open()
      await running
      expect(JSON.parse(await client.text('/data'))).toMatchObject({ userId: 'ann' })
      expect(JSON.parse(await client.text('/data'))).not.toHaveProperty('cart')
      client.cookies.set('connect.sid', planted)
      expect(JSON.parse(await client.text('/data'))).not.toHaveProperty('cart')
    })
  })

  describe('2 no lost update', () => {
    test('two requests change different keys', async () => {
      const { client, slow } = await open({ store: createStore() })
      await client.send('/visit', post)
      const running = client.send('/slow', post)
      await slow.reached
      await client.send('/quick', post)
      slow.open()
      await running
      expect(JSON.parse(await client.text('/data'))).toMatchObject({ visits: 1, theme: 'dark', cart: ['lamp'] })
    })

    test('a key that another request removed stays removed', async () => {
      const { client, slow } = await open({ store: createStore() })
      await client.send('/visit', post)
      const running = client.send('/slow', post)
      await slow.reached
      await client.send('/remove', post)
      slow.open()
      await running
      const data = JSON.parse(await client.text('/data'))
      expect(data).toMatchObject({ cart: ['lamp'] })
      expect(data).not.toHaveProperty('visits')
    })

    test('fifty parallel requests add a key each', async () => {
      const { origin } = await serve({ store: createStore() }, (app) => {
        app.post('/add/:key', (request, response) => {
          old(request).session[request.params.key] = true
          response.end()
        })
        app.get('/', (request, response) => void response.end(String(Object.keys(old(request).session).length - 1)))
      })
      const client = new Client(origin)
      await client.send('/add/first', post)
      const keys = Array.from({ length: 50 }, (_, at) => `/add/key${at}`)
      await Promise.all(keys.map((key) => client.send(key, post)))
      expect(await client.text('/')).toBe('51')
    })
  })

  describe('3 strict: session fixation', () => {
    test('a planted anonymous session opens nothing after the login', async () => {
      const { client, origin } = await open({ store: createStore() })
      const attacker = new Client(origin)
      await attacker.send('/visit', post)
      const planted = attacker.cookies.get('connect.sid') ?? ''
      client.cookies.set('connect.sid', planted)
      await client.send('/login', post)
      expect(client.cookies.get('connect.sid')).not.toBe(planted)
      expect(await client.text('/who')).toBe('ann')
      expect(await attacker.text('/who')).toBe('undefined')
    })

    test.each([
      ['an id of the attacker, signed with another secret', (id: string) => signed(id, 'dog')],
      ['an id without a signature', (id: string) => `s:${id}`],
      ['an id without a mark', (id: string) => id],
      ['an empty signature', (id: string) => `s:${id}.`],
      ['a signature of another id', (id: string) => signed(`${id}x`, 'keyboard cat').replace(`${id}x`, id)],
    ])('forged signature: %s', async (_, forge) => {
      const store = createStore()
      const { client, origin } = await open({ store })
      await client.send('/login', post)
      const [, id = ''] = /^s%3A(.+)\./.exec(client.cookies.get('connect.sid') ?? '') ?? []
      const attacker = new Client(origin)
      attacker.cookies.set('connect.sid', encodeURIComponent(forge(id)))
      expect(await attacker.text('/who')).toBe('undefined')
      await attacker.send('/login-without-regenerate', post)
      expect(decodeURIComponent(attacker.cookies.get('connect.sid') ?? '')).not.toContain(id)
    })

    test('a signed id that the store does not know gets another id', async () => {
      const { client } = await open({ store: createStore() })
      client.cookies.set('connect.sid', encodeURIComponent(signed('chosen', 'keyboard cat')))
      await client.send('/login-without-regenerate', post)
      expect(client.cookies.get('connect.sid')).not.toContain('chosen')
      expect(await client.text('/who')).toBe('ann')
    })
  })

  test('secret rotation: old cookies stay good, new ones carry the new secret, removed secrets are refused', async () => {
    const store = createStore()
    const before = await open({ store, secret: 'old' })
    await before.client.send('/login', post)
    const cookie = before.client.cookies.get('connect.sid') ?? ''
    const during = await open({ store, secret: ['new', 'old'] })
    during.client.cookies.set('connect.sid', cookie)
    expect(await during.client.text('/who')).toBe('ann')
    await during.client.send('/login', post)
    const after = await open({ store, secret: 'new' })
    after.client.cookies.set('connect.sid', during.client.cookies.get('connect.sid') ?? '')
    expect(await after.client.text('/who')).toBe('ann')
    after.client.cookies.set('connect.sid', cookie)
    expect(await after.client.text('/who')).toBe('undefined')
  })

  test('prototype keys in data change no prototype, take no method away and reach no other session', async () => {
    const { origin, errors } = await serve({ store: createStore() }, (app) => {
      app.post('/set/:key', (request, response) => {
        old(request).session[request.params.key] = { polluted: true, save: 1 }
        old(request).session.kept = true
        response.end()
      })
      app.get('/', (request, response) => {
        const { session } = old(request)
        response.end(JSON.stringify([typeof session.save, 'polluted' in session, 'polluted' in {}, session.kept]))
      })
    })
    for (const key of ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'isPrototypeOf']) {
      const client = new Client(origin)
      expect((await client.send(`/set/${key}`, post)).status).toBe(200)
      expect(JSON.parse(await client.text('/'))).toEqual(['function', false, false, true])
    }
    expect(errors).toEqual([])
  })

  test('names of methods in a stored session take no method away', async () => {
    const { origin } = await serve({ store: createStore() }, (app) => {
      app.get('/set', (request, response) => {
        Object.defineProperty(old(request).session, 'save', { value: 1, enumerable: true })
        response.end()
      })
      app.get('/', (request, response) => void response.end(typeof old(request).session.save))
    })
    const client = new Client(origin)
    await client.send('/set')
    expect(await client.text('/')).toBe('function')
  })

  test('a flood of cookies of one name: at most eight signatures are computed', async () => {
    const { client, origin } = await open({ store: createStore() })
    await client.send('/login', post)
    const good = `connect.sid=${client.cookies.get('connect.sid')}`
    const who = async (planted: number): Promise<string> => {
      const cookie = `${'connect.sid=s%3Aa.b; '.repeat(planted)}${good}`
      return (await fetch(`${origin}/who`, { headers: { cookie } })).text()
    }
    expect([await who(7), await who(8)]).toEqual(['ann', 'undefined'])
  })

  test('several cookies of one name: the signed one counts, and a planted one logs nobody out', async () => {
    const { client, origin } = await open({ store: createStore() })
    await client.send('/login', post)
    const good = client.cookies.get('connect.sid')
    const headers = { cookie: `connect.sid=planted; connect.sid=${good}` }
    expect(await (await fetch(`${origin}/who`, { headers })).text()).toBe('ann')
  })
})

describe('4 hashed at rest', () => {
  test('a copy of the store opens no session: it has neither the id of the cookie nor anything that leads to it', async () => {
    const seen: unknown[] = []
    const inner = memoryStore()
    const create: Store['create'] = (record) => {
      seen.push(record)
      return inner.create(record)
    }
    const store: Store = { ...inner, create }
    const { client } = await open({ store })
    await client.send('/login', post)
    const [, id = 'none'] = /^s%3A(.+)\./.exec(client.cookies.get('connect.sid') ?? '') ?? []
    expect(id).toMatch(/^[\w-]{32}$/)
    expect(seen).toHaveLength(1)
    expect(JSON.stringify(seen)).not.toContain(id)
    const [record] = seen as { id: string; head: { secret: string } }[]
    for (const stolen of [record?.id ?? '', record?.head.secret ?? '']) {
      client.cookies.set('connect.sid', encodeURIComponent(signed(stolen, 'keyboard cat')))
      expect(await client.text('/who')).toBe('undefined')
    }
  })
})

describe('a Sojourn store', () => {
  test('a record that another secret made opens nothing', async () => {
    const inner = memoryStore()
    let isForged = false
    const read: Store['read'] = async (id) => {
      const record = await inner.read(id)
      return isForged && record?.kind === 'live'
        ? { ...record, head: { ...record.head, secret: 'x'.repeat(43) } }
        : record
    }
    const { client } = await open({ store: { ...inner, read } })
    await client.send('/login', post)
    expect(await client.text('/who')).toBe('ann')
    isForged = true
    expect(await client.text('/who')).toBe('undefined')
  })

  test('sessionStore.set brings no ended session back', async () => {
    const { origin } = await serve({ store: memoryStore() }, (app) => {
      app.get('/', async (request, response) => {
        const { session, sessionStore } = old(request)
        session.userId = 'ann'
        await session.save()
        await session.destroy()
        sessionStore.set(session.id, { cookie: {}, userId: 'ann' }, (error) => {
          response.end((error as { code?: string } | null)?.code)
        })
      })
    })
    expect(await new Client(origin).text('/')).toBe('ERR_SESSION_ENDED')
  })
})

describe('7 fail closed', () => {
  test('a store that cannot answer opens no session and no anonymous one', async () => {
    const store: Store = { ...memoryStore(), read: () => Promise.reject(new Error('down')) }
    const { client, errors } = await open({ store })
    client.cookies.set('connect.sid', encodeURIComponent(signed('some', 'keyboard cat')))
    const response = await client.send('/who')
    expect(response.status).toBe(503)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(errors).toMatchObject([{ code: 'ERR_STORE' }])
  })

  test('a store that lacks a guarantee is refused by name', () => {
    const store: Store = { ...memoryStore(), lacks: { ended: 'It forgets.' } }
    expect(() => session({ secret: 'x', store })).toThrow(/lacks ended: It forgets/)
    session({ secret: 'x', store, insecureStoreLacks: ['ended'] })
  })
})

function signed(id: string, secret: string): string {
  return `s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`
}
