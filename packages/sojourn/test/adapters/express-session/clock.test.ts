import { memoryStore, type Store } from 'sojourn'
import session, { type SessionOptions } from 'sojourn/express-session'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Client, gate, old, STORES, serve } from './support.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const post = { method: 'POST' }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
})

async function open(options: SessionOptions) {
  const slow = gate()
  const { origin, errors } = await serve(options, (app) => {
    app.post('/login', (request, response) => {
      old(request).session.userId = 'ann'
      response.end()
    })
    app.post('/keep/:minutes', (request, response) => {
      old(request).session.cookie.maxAge = Number(request.params.minutes) * MINUTE
      response.end()
    })
    app.post('/change', (request, response) => {
      old(request).session.changed = true
      response.end()
    })
    app.post('/slow', async (request, response) => {
      old(request).session.late = true
      await slow.pass()
      response.end()
    })
    app.get('/', (request, response) => void response.end(String(old(request).session.userId)))
  })
  const client = new Client(origin)
  await client.send('/login', post)
  return { client, slow, errors, pass: (ms: number): void => void vi.setSystemTime(Date.now() + ms) }
}

describe.each(STORES)('6 the clock of the server, on %s', (_, createStore) => {
  test('a session expires maxAge after its last request, although the client keeps the cookie', async () => {
    const { client, pass } = await open({ store: createStore(), cookie: { maxAge: 10 * MINUTE } })
    for (let round = 0; round < 3; round++) {
      pass(9 * MINUTE)
      expect(await client.text('/')).toBe('ann')
    }
    pass(10 * MINUTE)
    expect(await client.text('/')).toBe('undefined')
  })

  test('an expired session is not brought back by a request that began before', async () => {
    const { client, pass, slow, errors } = await open({ store: createStore(), cookie: { maxAge: MINUTE } })
    const running = client.send('/slow', post)
    await slow.reached
    pass(MINUTE)
    slow.open()
    expect((await running).status).toBe(200)
    expect(await client.text('/')).toBe('undefined')
    expect(errors).toEqual([])
  })

  test('a longer maxAge holds at once, also right after another write: remember me', async () => {
    const { client, pass } = await open({ store: createStore(), cookie: { maxAge: 10 * MINUTE } })
    pass(5000)
    await client.send('/keep/60', post)
    pass(50 * MINUTE)
    expect(await client.text('/')).toBe('ann')
    pass(59 * MINUTE)
    expect(await client.text('/')).toBe('ann')
  })

  test('a shorter maxAge holds at once', async () => {
    const { client, pass } = await open({ store: createStore(), cookie: { maxAge: 60 * MINUTE } })
    pass(5000)
    await client.send('/keep/1', post)
    pass(2 * MINUTE)
    expect(await client.text('/')).toBe('undefined')
  })

  test('a clock that jumps back by an hour logs nobody out, and each session ends at the latest at the time that was stored', async () => {
    const { client, pass } = await open({ store: createStore(), cookie: { maxAge: 10 * MINUTE } })
    pass(-60 * MINUTE)
    expect(await client.text('/')).toBe('ann')
    pass(9 * MINUTE)
    expect(await client.text('/')).toBe('ann')
    pass(61 * MINUTE)
    expect(await client.text('/')).toBe('undefined')
  })

  test.each([
    ['without rolling, by a request that changes something', false, false],
    ['with rolling, by each request', true, true],
  ])('the browser gets a new time: %s', async (_, rolling, isSent) => {
    const { client, pass } = await open({ store: createStore(), rolling, cookie: { maxAge: 10 * MINUTE } })
    pass(5 * MINUTE)
    const expires = `Expires=${new Date(Date.now() + 10 * MINUTE).toUTCString()}`
    const linesOf = async (path: string, init?: RequestInit) =>
      String((await client.send(path, init)).headers.getSetCookie())
    expect((await linesOf('/')).includes(expires)).toBe(isSent)
    expect(await linesOf('/change', post)).toContain(expires)
  })
})

describe('a Sojourn store', () => {
  /** A store that counts its writes. */
  function counting(): { readonly store: Store; readonly count: () => number } {
    let writes = 0
    const inner = memoryStore()
    const write: Store['write'] = (...args) => {
      writes++
      return inner.write(...args)
    }
    return { store: { ...inner, write }, count: () => writes }
  }

  test('keeps a session without maxAge for a day after its last request', async () => {
    const { client, pass } = await open({ store: memoryStore() })
    pass(DAY - MINUTE)
    expect(await client.text('/')).toBe('ann')
    pass(DAY - MINUTE)
    expect(await client.text('/')).toBe('ann')
    pass(DAY)
    expect(await client.text('/')).toBe('undefined')
  })

  test('is written once a minute by requests that only read', async () => {
    const { store, count } = counting()
    const { client, pass } = await open({ store, cookie: { maxAge: 60 * MINUTE } })
    for (let second = 0; second < 20; second++) {
      pass(10_000)
      await client.send('/')
    }
    expect(count()).toBe(3)
  })

  test('deletes expired sessions once a minute', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    const sweeps: number[] = []
    const sweep = (now: number): number => sweeps.push(now) * 0
    const store: Store = { ...memoryStore(), sweep }
    session({ secret: 'x', resave: false, saveUninitialized: false, store })
    await vi.advanceTimersByTimeAsync(3 * MINUTE)
    expect(sweeps).toHaveLength(3)
  })
})
