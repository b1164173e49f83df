import { type AddressInfo, connect, createServer } from 'node:net'
import { runInNewContext } from 'node:vm'
import { createSessions, memoryStore, SessionError, type Store, type StoreEvent } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { toQuietCause } from '../../src/stores/kit/driver-errors.ts'
import { createWorld, rejection } from './kit.ts'

describe('an error in a log of JSON lines', () => {
  it('says what happened and what the driver said: ECONNREFUSED and OOM do not look the same', async () => {
    const world = createWorld()
    const lines: string[] = []
    world.sessions.on('fault', (event) => lines.push(JSON.stringify(event)))
    const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' })
    world.store.fail('create', { error })
    await rejection(world.client().send((session) => session.login('ada')))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      type: 'fault',
      operation: 'create',
      error: {
        name: 'SessionError',
        code: 'ERR_STORE',
        status: 503,
        message: 'The session store could not answer. memory failed to create.',
        cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:6379' },
      },
    })
  })

  it('follows the causes of our own errors, and omits values that are not errors', () => {
    const inner = new SessionError('ERR_STORE', '', new TypeError('broken'))
    expect(JSON.parse(JSON.stringify(new SessionError('ERR_STORE', '', inner)))).toMatchObject({
      cause: { code: 'ERR_STORE', cause: { name: 'TypeError', message: 'broken' } },
    })
    expect(JSON.parse(JSON.stringify(new SessionError('ERR_STORE', '', { token: 'x' })))).not.toHaveProperty('cause')
    expect(JSON.parse(JSON.stringify(new SessionError('ERR_CLOSED')))).toEqual({
      name: 'SessionError',
      code: 'ERR_CLOSED',
      status: 500,
      message: 'These sessions were closed.',
    })
  })
})

describe('an error whose cause is hostile', () => {
  const lineOf = (cause: unknown): string => JSON.stringify(new SessionError('ERR_STORE', 'It failed.', cause))
  const boom = (): never => {
    throw new Error('boom')
  }
  const circle: Record<string, unknown> = {}
  circle.circle = circle

  it.each<[string, Error]>([
    ['has a getter that throws', Object.defineProperty(new Error('x'), 'code', { get: boom })],
    [
      'has a list of errors with such a getter',
      withErrors([Object.defineProperty(new Error(), 'message', { get: boom })]),
    ],
    ['has errors by field, as libraries for validation have them', withErrors({ email: new Error('bad') })],
    ['has no errors but the property', withErrors(null)],
    ['has a list of errors that are none', withErrors([null])],
    ['has a code that JSON cannot represent', Object.assign(new Error('x'), { code: 5n })],
    ['has a code that is a circle', Object.assign(new Error('x'), { code: circle })],
    ['has a name that is a circle', Object.assign(new Error('x'), { name: circle })],
  ])('%s: the line says what happened', (_, cause) => {
    expect(JSON.parse(lineOf(cause))).toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringContaining('It failed.'),
    })
  })

  it('is a circle of our own errors: the line ends', () => {
    const first = new SessionError('ERR_STORE', 'first')
    const second = new SessionError('ERR_STORE', 'second', first)
    Object.defineProperty(first, 'cause', { value: second })
    expect(lineOf(first)).toContain('second')
    expect(lineOf(first).length).toBeLessThan(2_000)
  })

  it.each([
    ['connect to postgres://app:hunter2@db.internal/x failed', 'connect to postgres://db.internal/x failed'],
    ['no route to redis://:hunter2@10.0.0.5:6379', 'no route to redis://10.0.0.5:6379'],
    ['mongodb://app:hun/t@er2@a,b is down', 'mongodb://a,b is down'],
    ['getaddrinfo ENOTFOUND db.internal', 'getaddrinfo ENOTFOUND db.internal'],
    ['mysql://db/x?user=app&password=hunter2&ssl=1 is down', 'mysql://db/x?user=app&password=&ssl=1 is down'],
    ["host=db PASSWORD='hunter 2' port=5432", 'host=db PASSWORD= port=5432'],
    ['Server=db;Pwd=hunter2;Port=1', 'Server=db;Pwd=;Port=1'],
    ['//AccountKey=hunter2== secret_access = hunter2', '//AccountKey= secret_access = '],
    ['password authentication failed for user "app"', 'password authentication failed for user "app"'],
  ])('names a URL: the line keeps the host, and drops the password (%s)', (message, shown) => {
    expect(JSON.parse(lineOf(new Error(message))).cause.message).toBe(shown)
  })
})

describe('an error of another realm', () => {
  it('is shown as a cause, as node:vm and Jest make it', () => {
    const cause = runInNewContext("Object.assign(new TypeError('broken'), { code: 'EPIPE' })")
    expect(cause).not.toBeInstanceOf(Error)
    expect(JSON.parse(JSON.stringify(new SessionError('ERR_STORE', '', cause))).cause).toEqual({
      name: 'TypeError',
      code: 'EPIPE',
      message: 'broken',
    })
  })
})

describe('a very long message of a driver', () => {
  // Steps grow with the length. With its square, each of these took from 5 s to hours.
  it.each(['//a', '//a@', 'pass', 'password=', "pass='", 'key = ', '/', 'key'])(
    'of %j is logged',
    (part) => {
      const message = part.repeat(300_000)
      expect(JSON.stringify(new SessionError('ERR_STORE', message)).length).toBeLessThan(message.length + 200)
    },
    2_000,
  )
})

function withErrors(errors: unknown): Error {
  return Object.assign(new Error(''), { errors })
}

describe('an event in a log of JSON lines', () => {
  it('shows the error that a listener threw, with its code, and the request that caused it', async () => {
    const world = createWorld()
    const lines: string[] = []
    world.sessions.on('login', () => {
      throw Object.assign(new TypeError('mail server is down'), { code: 'EMAIL' })
    })
    world.sessions.on('fault', (event) => {
      expect(event.error).toBeInstanceOf(TypeError)
      expect(Object.keys(event)).not.toContain('toJSON')
      lines.push(JSON.stringify(event))
    })
    await world.client().send((session) => session.login('ada'), { url: '/login?secret=x' })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      type: 'fault',
      operation: "listener of 'login'",
      error: { name: 'TypeError', code: 'EMAIL', message: 'mail server is down' },
      request: { host: 'shop.example', path: '/login' },
    })
  })

  it('shows the error of an event of the store', () => {
    let tell = (_: StoreEvent): void => {}
    const observe: Store['observe'] = (listener) => {
      tell = listener
      return () => {}
    }
    const sessions = createSessions({ store: { ...memoryStore(), observe } })
    const lines: string[] = []
    sessions.on('*', (event) => lines.push(JSON.stringify(event)))
    tell({ name: 'redis', kind: 'unpublished', error: new Error('connection reset') })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ kind: 'unpublished', error: { message: 'connection reset' } })
  })

  it('names the address that Node tried, although the error of all attempts has no message', async () => {
    const server = createServer().listen(0)
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const each = await rejection(
      new Promise((_, reject) => void connect({ port, host: '127.0.0.1' }).on('error', reject)),
    )
    const all = Object.assign(new AggregateError([each]), { code: 'ECONNREFUSED' })
    const shown = JSON.parse(JSON.stringify(new SessionError('ERR_STORE', '', all)))
    expect(shown.cause).toEqual({
      name: 'AggregateError',
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    })
    expect(toQuietCause(all)).toMatchObject({ code: 'ECONNREFUSED', message: `connect ECONNREFUSED 127.0.0.1:${port}` })
  })
})

describe('a value that is no JSON is named in plain English', () => {
  it.each<[unknown, string]>([
    [[undefined], 'data.a[0] is undefined.'],
    [() => {}, 'data.a is a function.'],
    [1n, 'data.a is a bigint.'],
    [Symbol('x'), 'data.a is a symbol.'],
  ])('%#', async (value, text) => {
    const client = createWorld().client()
    const error = await rejection(client.send((session) => Object.assign(session.data, { a: value })))
    expect(error.message).toContain(text)
  })
})
