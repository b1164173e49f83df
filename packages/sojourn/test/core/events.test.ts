import { describe, expect, it } from 'vitest'
import { createEmitter } from '../../src/core/lib/emitter.ts'
import { createWorld, edit, HOUR, MINUTE, rejection, stayFor, toView } from './kit.ts'

describe('listeners', () => {
  it('hear of their event alone, with its type and the time of the injected clock', () => {
    const events = createEmitter(() => 1234, console.warn)
    const heard: unknown[] = []
    events.on('created', (event) => heard.push(event))
    events.emit('ended', { id: 'x' as never, userId: null, reason: 'logout' })
    events.emit('created', { id: 'y' as never })
    expect(heard).toEqual([{ type: 'created', id: 'y', at: new Date(1234), request: null }])
  })

  it('hear in the order they came, until they stop', () => {
    const events = createEmitter(Date.now, console.warn)
    const heard: string[] = []
    const stop = events.on('created', () => heard.push('a'))
    events.on('created', () => heard.push('b'))
    events.emit('created', { id: 'x' as never })
    stop()
    stop()
    events.emit('created', { id: 'x' as never })
    expect(heard).toEqual(['a', 'b', 'b'])
  })

  it('may be added and removed during an event', () => {
    const events = createEmitter(Date.now, console.warn)
    const heard: string[] = []
    const listener = (): void => {
      heard.push('a')
      stop()
      stop = events.on('created', listener)
    }
    let stop = events.on('created', listener)
    events.emit('created', { id: 'x' as never })
    expect(heard).toEqual(['a'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('listener')
      },
    ],
    ['rejects', () => Promise.reject(new Error('listener'))],
  ])('one that %s is a fault, and disturbs neither the others nor the request', async (_, fail) => {
    const world = createWorld()
    const heard: string[] = []
    world.sessions.on('login', fail as () => void)
    world.sessions.on('login', ({ userId }) => heard.push(userId))
    const client = world.client()
    await client.send((session) => session.login('ada'))
    await Promise.resolve()
    expect(heard).toEqual(['ada'])
    expect(world.eventsOf('fault')).toMatchObject([
      { operation: "listener of 'login'", error: { message: 'listener' } },
    ])
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('listener')
      },
    ],
    ['rejects', () => Promise.reject(new Error('listener'))],
  ])('one of faults that %s ends there', async (_, fail) => {
    const events = createEmitter(Date.now, console.warn)
    let heard = 0
    events.on('fault', () => {
      heard++
      return fail() as never
    })
    events.emit('fault', { operation: 'x', error: null })
    await Promise.resolve()
    expect(heard).toBe(1)
  })
})

describe('a listener that edits its event', () => {
  it('changes nothing for the next one', async () => {
    const world = createWorld()
    const heard: unknown[] = []
    const spoil = (event: object): void => {
      const { at, methods, request } = event as Record<string, never> & { at: Date; methods: string[]; request: object }
      at.setTime(0)
      methods.push('forged')
      Object.assign(request, { path: '/forged' })
      Object.assign(event, { userId: 'eve', type: 'forged' })
    }
    world.sessions.on('login', spoil)
    world.sessions.on('*', (event) => heard.push(event))
    world.sessions.on('*', spoil)
    world.sessions.on('*', (event) => heard.push(event))
    const client = world.client()
    await client.send((session) => session.login('ada', { methods: ['pwd'] }), { url: '/in' })
    const told = {
      type: 'login',
      userId: 'ada',
      methods: ['pwd'],
      at: new Date(world.clock()),
      request: { path: '/in' },
    }
    expect(heard).toMatchObject([told, told])
    expect((await client.send((session) => session.methods)).value).toEqual(['pwd'])
  })

  it('hides no end from watchers of the session', async () => {
    const world = createWorld()
    const client = world.client()
    const { value: id } = await client.send(async (session) => {
      await session.login('ada')
      return session.id
    })
    world.sessions.on('ended', (event) => Object.assign(event, { id: 'another' }))
    const reasons: string[] = []
    world.sessions.watch(id, (reason) => reasons.push(reason))
    await world.sessions.revoke(id)
    expect(reasons).toEqual(['revoked'])
  })
})

describe('a listener of all events', () => {
  it('hears each of them once, with its type, after those of the event', () => {
    const events = createEmitter(() => 1234, console.warn)
    const heard: string[] = []
    const stop = events.on('*', (event) => heard.push(`all ${event.type}`))
    events.on('created', () => heard.push('created'))
    events.emit('created', { id: 'x' as never })
    events.emit('fault', { operation: 'x', error: null })
    stop()
    events.emit('created', { id: 'x' as never })
    expect(heard).toEqual(['created', 'all created', 'all fault', 'created'])
  })

  it('one that throws hears of its own fault, and of no fault of that', () => {
    const events = createEmitter(Date.now, console.warn)
    const heard: string[] = []
    events.on('*', ({ type }) => {
      heard.push(type)
      throw new Error('listener')
    })
    events.emit('created', { id: 'x' as never })
    expect(heard).toEqual(['created', 'fault'])
  })

  it('names no other event than those that exist', () => {
    const { sessions } = createWorld()
    expect(() => sessions.on('**' as never, () => {})).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

describe('an event has the request that caused it', () => {
  const REQUEST = {
    method: 'POST',
    path: '/in',
    host: 'shop.example',
    origin: 'https://shop.example',
    address: '203.0.113.7',
  }
  const options = { method: 'POST', url: '/in?ticket=secret', headers: { origin: 'https://shop.example' } }

  it('created, login, ended by a login, rotated, reauthenticated, ended by a logout', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }), options)
    await client.send((session) => session.login('ada'), options)
    await client.send((session) => session.rotate(), options)
    await client.send((session) => session.reauthenticated(), options)
    await client.send((session) => session.logout(), options)
    const types = ['created', 'ended', 'login', 'rotated', 'reauthenticated', 'ended']
    expect(world.events.map(({ type, request }) => ({ type, request }))).toEqual(
      types.map((type) => ({ type, request: REQUEST })),
    )
  })

  it('refused, reuse and the end that it brings, with an old token', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const old = client.cookie()
    await client.send((session) => session.rotate())
    world.clock.advance(5 * MINUTE)
    world.events.length = 0
    await client.send(() => {}, { ...options, cookie: old })
    world.clock.advance(5 * MINUTE)
    await client.send(() => {}, { ...options, cookie: old })
    expect(world.events.map(({ type }) => type)).toEqual(['reuse', 'refused', 'ended', 'reuse', 'refused'])
    for (const { request } of world.events) expect(request).toEqual(REQUEST)
  })

  it.each([
    ['http://ada:secret@shop.example/in?x=1', 'http://shop.example/in'],
    ['HTTP://ada@shop.example/in#secret', 'HTTP://shop.example/in'],
    ['//ada:secret@shop.example/in', '//shop.example/in'],
    ['ada:secret@shop.example:443', 'shop.example:443'],
    ['/in#secret?x=1', '/in'],
    ['/@ada/mail:x@shop.example', '/@ada/mail:x@shop.example'],
    [`http://${'a'.repeat(300)}:secret@shop.example/in`, 'http://shop.example/in'],
  ])('without the user name, password and fragment of the target %s', async (url, path) => {
    const world = createWorld()
    const headers = { host: 'ada:secret@shop.example', origin: 'https://ada:secret@shop.example' }
    await world.client().send(edit({ a: 1 }), { url, headers })
    expect(world.events.map(({ request }) => request)).toMatchObject([
      { path, host: 'shop.example', origin: 'https://shop.example' },
    ])
  })

  it('invalidData and a fault of the store', async () => {
    const world = createWorld()
    const client = world.client()
    const { value: id } = await client.send((session) => {
      edit({ a: 1 })(session)
      return session.id
    })
    await world.store.write(id, { set: { a: '{broken' } })
    world.events.length = 0
    await client.send((session) => session.data.a, options)
    world.store.fail('read')
    await rejection(client.send(() => {}, options))
    expect(world.events.map(({ type, request }) => ({ type, request }))).toEqual([
      { type: 'invalidData', request: REQUEST },
      { type: 'fault', request: REQUEST },
    ])
  })

  it('`null` for a call of `sessions` itself', async () => {
    const world = createWorld()
    const { value: id } = await world.client().send(async (session) => {
      await session.login('ada')
      return session.id
    })
    world.events.length = 0
    await world.sessions.revoke(id)
    expect(world.events).toMatchObject([{ type: 'ended', request: null }])
  })

  it('without the request when the application fails to find the address: the verb is done', async () => {
    const world = createWorld({ describeDevice: () => null })
    const view = {
      ...toView(),
      get peer(): string {
        throw new Error('no address here')
      },
    }
    const { session } = await world.sessions.open(view)
    await session.login('ada')
    expect(world.eventsOf('login')).toMatchObject([{ request: null }])
  })
})

const SECRETS = ['secret value', 'Private Note', 'nested secret']

describe('4 Hashed at rest: no event, error, warning or id holds a token, a secret or data', () => {
  it.each([false, true])('over everything a session can live through (sealed: %s)', async (sealed) => {
    const world = createWorld({ sealed, keys: ['a key that is long enough: 32 bytes or more'] })
    const { sessions, store } = world
    const client = world.client()
    const cookies: string[] = []
    const errors: unknown[] = []
    const keep = () => cookies.push(client.cookie().replace('__Host-session=', ''))

    await client.send((session) => {
      edit({ secretKey: SECRETS[0], deep: { list: [SECRETS[2]] } })(session)
      session.flash.set('note', SECRETS[1] ?? '')
    })
    keep()
    await client.send((session) => session.login('ada', { methods: ['pwd'] }))
    keep()
    await stayFor(world, client, HOUR)
    keep()
    await client.send(() => {})
    await client.send((session) => session.rotate())
    keep()
    await client.send((session) => session.reauthenticated())
    keep()
    await client.send((session) => session.refused, { cookie: `__Host-session=${cookies[1]}` })
    await client.send((session) => session.refused, { cookie: `__Host-session=${'z'.repeat(64)}` })
    for (const operation of ['read', 'write', 'end', 'create'] as const) {
      store.fail(operation)
      errors.push(
        await rejection(async () => {
          const { session, commit } = await sessions.open(toView({ cookie: `__Host-session=${cookies.at(-1)}` }))
          if (operation === 'create') await session.login('bob')
          if (operation === 'end') await session.logout()
          edit({ secretKey: SECRETS[0], other: 1 })(session)
          await commit()
        }),
      )
    }
    errors.push(
      await rejection(sessions.open(toView({ cookie: `__Host-session=${cookies.at(-1)}` })) as never).catch(() => null),
    )
    world.clock.advance(2 * MINUTE)
    const thief = world.client()
    await thief.send((session) => session.refused, { cookie: `__Host-session=${cookies[3]}` })
    expect(new Set(world.events.map(({ type }) => type))).toEqual(
      new Set(['created', 'login', 'ended', 'renewed', 'rotated', 'reauthenticated', 'refused', 'reuse', 'fault']),
    )

    const told = deepText([world.events, world.warnings, errors])
    const kept = deepText(world.store.calls.map(({ args }) => args))
    for (const token of cookies) {
      expect(token).toHaveLength(64)
      for (const text of [told, kept]) {
        expect(text).not.toContain(token)
        expect(text).not.toContain(token.slice(0, 21))
        expect(text).not.toContain(token.slice(22, 53))
      }
    }
    for (const secret of SECRETS) expect(told).not.toContain(secret)
    expect(told).not.toContain('kkkk')
    expect(kept).not.toContain('kkkk')
    if (sealed) for (const secret of [...SECRETS, 'secretKey', 'deep']) expect(kept).not.toContain(secret)
  })
})

/** Everything that can be reached, errors and what they hide included. */
function deepText(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || seen.has(value)) return String(value)
  seen.add(value)
  return Reflect.ownKeys(value)
    .filter((key) => key !== 'stack')
    .map((key) => `${String(key)} ${deepText((value as Record<PropertyKey, unknown>)[key], seen)}`)
    .join('\n')
}

describe('events', () => {
  it('tell each thing once, in order', async () => {
    const world = createWorld()
    const client = world.client()
    const types = () => world.events.splice(0).map(({ type }) => type)
    await client.send(edit({ a: 1 }))
    expect(types()).toEqual(['created'])
    await client.send(edit({ a: 2 }))
    expect(types()).toEqual([])
    await client.send((session) => session.login('ada'))
    expect(types()).toEqual(['ended', 'login'])
    await client.send((session) => session.rotate())
    expect(types()).toEqual(['rotated'])
    await client.send((session) => session.reauthenticated())
    expect(types()).toEqual(['reauthenticated'])
    await stayFor(world, client, HOUR)
    expect(types()).toEqual([])
    await client.send(() => {})
    expect(types()).toEqual(['renewed'])
    await client.send((session) => session.logout())
    expect(types()).toEqual(['ended'])
    await client.send(() => {}, { cookie: `__Host-session=${'A'.repeat(54)}` })
    expect(types()).toEqual(['refused'])
  })

  it('report a request that a guard denied, and the client gets its answer', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    world.store.calls.length = 0
    const headers = { 'sec-fetch-site': 'cross-site' }
    const exchange = await client.open({ method: 'POST', headers })
    expect(exchange.answer).toMatchObject({ status: 403, reason: 'cross-origin' })
    expect(exchange.session.userId).toBeNull()
    expect(await exchange.commit()).toEqual([
      { name: 'vary', value: 'Cookie', how: 'append' },
      { name: 'cache-control', value: 'private, no-cache', how: 'default' },
    ])
    expect(world.store.calls).toEqual([])
    expect(world.eventsOf('denied')).toMatchObject([
      {
        reason: 'cross-origin',
        request: { method: 'POST', path: '/', host: 'shop.example', origin: null, address: '203.0.113.7' },
      },
    ])
  })

  it('tell of a denied request what finds it in the logs, and neither its query nor long text', async () => {
    const world = createWorld()
    const headers = { host: `${'H'.repeat(255)}`, origin: `https://${'o'.repeat(5000)}` }
    await world.client().open({ method: 'P'.repeat(300), url: `/reset/${'p'.repeat(300)}?token=secret`, headers })
    const [event] = world.eventsOf('denied')
    expect(event?.request).toMatchObject({ host: 'h'.repeat(200), method: 'P'.repeat(200) })
    expect(event?.request).toMatchObject({
      path: expect.stringMatching(/^.{200}$/),
      origin: expect.stringMatching(/^.{200}$/),
    })
    await world.client().open({ method: 'POST', url: '/reset?token=secret', headers: { origin: 'null' } })
    expect(world.eventsOf('denied')[1]).toMatchObject({ request: { path: '/reset', origin: 'null' } })
  })

  it('guards are asked in order, and the first denial counts', async () => {
    const asked: string[] = []
    const guard = (name: string, denies: boolean) => ({
      name,
      check() {
        asked.push(name)
        return denies ? { status: 429, reason: name, message: 'no' } : null
      },
    })
    const world = createWorld({ guards: [guard('a', false), guard('b', true), guard('c', true)] })
    const { answer } = await world.client().open()
    expect(answer?.reason).toBe('b')
    expect(asked).toEqual(['a', 'b'])
  })
})
