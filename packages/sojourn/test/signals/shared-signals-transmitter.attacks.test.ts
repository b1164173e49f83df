import { text } from 'node:stream/consumers'
import { createSessions, memoryStore, type SessionRecord, type Store } from 'sojourn'
import {
  outboxStore,
  type SharedSignalsTransmitterOptions,
  type SignalProblem,
  type SigningKey,
  sharedSignalsTransmitter,
} from 'sojourn/signals/shared-signals'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createClient } from '../core/kit.ts'
import { breakingBody, CAEP, createKey, listen } from './signals-kit.ts'

const TOKEN = 'a-token-of-the-shop-for-this-server'
const OTHER_TOKEN = 'a-token-of-the-bank-for-this-server'
const AUDIENCE = 'https://shop.example'
const ISSUER = 'https://idp.example'
const PUSH = 'urn:ietf:rfc:8935'
const privateJwk = createKey('k1').privateKey.export({ format: 'jwk' }) as SigningKey
const poll = { delivery: { method: 'urn:ietf:rfc:8936' } }
const soon = (look: () => unknown) => vi.waitFor(look, { timeout: 10_000, interval: 10 })

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

interface Sent {
  readonly jti: string
  readonly sub_id: Readonly<Record<string, unknown>>
  readonly events: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Nothing happens by itself: `flush` is called by hand. */
function setup(options: Partial<SharedSignalsTransmitterOptions> = {}, store: Store = memoryStore()) {
  const sessions = createSessions({ store: outboxStore(store), warn: () => {} })
  const problems: SignalProblem[] = []
  const transmitter = sharedSignalsTransmitter(sessions, {
    issuer: ISSUER,
    keys: [privateJwk],
    receivers: [{ id: 'shop', audience: AUDIENCE, token: TOKEN }],
    insecureHttp: true,
    onProblem: (problem) => void problems.push(problem),
    firstRetry: '1ms',
    interval: '1h',
    recoverAfter: '1ms',
    ...options,
  })
  cleanups.push(transmitter.close)
  const call = (path: string, method: string, body?: unknown, token = TOKEN) =>
    transmitter.handler(
      new Request(`${ISSUER}/ssf${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
  const login = async (userId = 'ada') => {
    const { value } = await createClient(sessions).send(async (session) => {
      await session.login(userId)
      return session.id ?? ''
    })
    return value
  }
  const polled = async (token = TOKEN): Promise<Sent[]> => {
    const { sets } = await (await call('/poll', 'POST', { returnImmediately: true }, token)).json()
    return (Object.values(sets) as string[]).map((set) =>
      JSON.parse(Buffer.from(set.split('.')[1] ?? '', 'base64url').toString()),
    )
  }
  return { sessions, transmitter, problems, call, login, polled, store }
}

async function startShop(answer: (count: number) => number = () => 202) {
  const received: string[] = []
  const server = await listen(async (request, response) => {
    received.push(await text(request))
    response.writeHead(answer(received.length)).end()
  })
  cleanups.push(server.close)
  return { ...server, received }
}

/** A receiver that takes its time. */
async function startSlowShop(status: () => number) {
  const state = { now: 0, most: 0, received: [] as string[] }
  const server = await listen(async (request, response) => {
    state.now += 1
    state.most = Math.max(state.most, state.now)
    state.received.push(await text(request))
    await new Promise((resolve) => setTimeout(resolve, 20))
    state.now -= 1
    response.writeHead(status()).end()
  })
  cleanups.push(server.close)
  return Object.assign(state, { url: server.url })
}

const jtiOf = (set: string): string => JSON.parse(Buffer.from(set.split('.')[1] ?? '', 'base64url').toString()).jti

async function liveIn(store: Store): Promise<readonly SessionRecord[]> {
  const page = await store.scan?.(null, 1000)
  return (page?.values ?? []).flatMap((record) => (record.kind === 'live' ? [record] : []))
}

/** The notes of ended sessions that are not told yet. Their names have a space. */
async function notesIn(store: Store): Promise<number> {
  return (await liveIn(store)).flatMap(({ data }) => Object.keys(data)).filter((name) => name.includes(' ')).length
}

const pushTo = (url: string) => ({ delivery: { method: PUSH, endpoint_url: `${url}/signals` } })
const shopAt = (url: string) => [{ id: 'shop', audience: AUDIENCE, token: TOKEN, pushOrigins: [url] }]
const quiet = () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  cleanups.push(() => error.mockRestore())
}

describe('one user for whom subjectOf always fails, such as a deleted account', () => {
  const subjectOf = (userId: string, receiver: string) => {
    if (userId === 'deleted' && receiver === 'shop') throw new TypeError('There is no such row.')
    return { format: 'opaque', id: userId }
  }

  it('keeps no other receiver from hearing of them', async () => {
    quiet()
    const receivers = [
      { id: 'shop', audience: AUDIENCE, token: TOKEN },
      { id: 'bank', audience: 'https://bank.example', token: OTHER_TOKEN },
    ]
    const { call, login, sessions, polled } = setup({ subjectOf, receivers })
    await call('/streams', 'POST', poll)
    await call('/streams', 'POST', poll, OTHER_TOKEN)
    await sessions.revoke(await login('deleted'))
    await soon(async () => expect(await polled(OTHER_TOKEN)).toHaveLength(1))
    expect(await polled()).toEqual([])
  })

  it.each(['revokeAll', 'passwordChanged'] as const)(
    'does not repeat %s to another receiver each time',
    async (verb) => {
      quiet()
      const receivers = [
        { id: 'shop', audience: AUDIENCE, token: TOKEN },
        { id: 'bank', audience: 'https://bank.example', token: OTHER_TOKEN },
      ]
      const { call, login, sessions, polled, transmitter } = setup({ subjectOf, receivers })
      await call('/streams', 'POST', poll)
      await call('/streams', 'POST', poll, OTHER_TOKEN)
      await login('deleted')
      await sessions[verb]('deleted')
      const events = verb === 'revokeAll' ? 1 : 2
      await soon(async () => expect(await polled(OTHER_TOKEN)).toHaveLength(events))
      const acknowledge = async () => {
        const ack = (await polled(OTHER_TOKEN)).map(({ jti }) => jti)
        await call('/poll', 'POST', { ack, maxEvents: 0 }, OTHER_TOKEN)
        return ack.length
      }
      await acknowledge()
      let again = 0
      for (let tries = 0; tries < 4; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        await transmitter.flush()
        again += await acknowledge()
      }
      // The note learns of the event of the account when it is first recovered.
      expect(again).toBeLessThanOrEqual(events - 1)
    },
  )

  it('keeps no event of others from being recovered, and none that is due from being sent', async () => {
    quiet()
    const shop = await startShop((count) => (count <= 1 ? 500 : 202))
    const store = memoryStore()
    const options = { subjectOf, receivers: shopAt(shop.url) }
    const before = setup(options, store)
    await before.call('/streams', 'POST', pushTo(shop.url))
    await before.sessions.revoke(await before.login('deleted'))
    await before.sessions.revoke(await before.login('due'))
    await soon(() => expect(shop.received).toHaveLength(1))
    await before.transmitter.close()
    // Ends without a transmitter: as if the process was killed right after it.
    await before.sessions.revoke(await before.login('ada'))
    const after = setup(options, store)
    await soon(async () => {
      await after.transmitter.flush().catch(() => {})
      const users = shop.received.map((set) => Buffer.from(set.split('.')[1] ?? '', 'base64url').toString())
      expect(users.filter((user) => user.includes('"due"')).length).toBeGreaterThan(1)
      expect(users.filter((user) => user.includes('"ada"')).length).toBeGreaterThan(0)
    })
  })
})

describe('a receiver that holds polls open', () => {
  it('holds a few: the oldest is answered when one more comes, and the others get the next event', async () => {
    const { call, login, sessions } = setup()
    await call('/streams', 'POST', poll)
    const answered: number[] = []
    const polls = Array.from({ length: 6 }, async (_, nth) => {
      const response = await call('/poll', 'POST', {})
      answered.push(nth)
      return (await response.json()) as { sets: object }
    })
    await soon(() => expect(answered.toSorted()).toEqual([0, 1]))
    await sessions.revoke(await login())
    const sets = (await Promise.all(polls)).map((one) => Object.keys(one.sets).length)
    expect(sets).toEqual([0, 0, 1, 1, 1, 1])
  })
})

describe('a receiver that is no longer served', () => {
  it('hears nothing more, although its stream is still stored', async () => {
    const shop = await startShop(() => 500)
    const store = memoryStore()
    const before = setup({ receivers: shopAt(shop.url) }, store)
    await before.call('/streams', 'POST', pushTo(shop.url))
    await before.sessions.revoke(await before.login())
    await soon(() => expect(shop.received).toHaveLength(1))
    await before.transmitter.close()
    const after = setup({ receivers: [{ id: 'bank', audience: 'https://bank.example', token: OTHER_TOKEN }] }, store)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await after.transmitter.flush()
    expect(shop.received).toHaveLength(1)
  })

  it('hears nothing at an origin that was taken from it', async () => {
    const shop = await startShop(() => 500)
    const store = memoryStore()
    const before = setup({ receivers: shopAt(shop.url) }, store)
    await before.call('/streams', 'POST', pushTo(shop.url))
    await before.sessions.revoke(await before.login())
    await soon(() => expect(shop.received).toHaveLength(1))
    await before.transmitter.close()
    const after = setup({ receivers: shopAt('https://shop.example') }, store)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await after.sessions.revoke(await after.login('bob'))
    await after.transmitter.flush()
    await after.transmitter.close()
    expect(shop.received).toHaveLength(1)
  })
})

describe('after many sessions ended at once', () => {
  it('a receiver gets each event once, and at most four requests at a time', async () => {
    const shop = await startSlowShop(() => 202)
    const { call, login, sessions, transmitter } = setup({ receivers: shopAt(shop.url) })
    await call('/streams', 'POST', pushTo(shop.url))
    for (let index = 0; index < 60; index++) await login()
    await sessions.revokeAll('ada')
    await soon(async () => {
      await transmitter.flush()
      expect(shop.received.length).toBeGreaterThanOrEqual(60)
    })
    await transmitter.close()
    expect(new Set(shop.received.map(jtiOf)).size).toBe(60)
    expect(shop.received).toHaveLength(60)
    expect(shop.most).toBeLessThanOrEqual(4)
  })

  it('the application is asked for few subjects at a time', async () => {
    let now = 0
    let most = 0
    const subjectOf = async (id: string) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now -= 1
      return { format: 'opaque', id }
    }
    const { call, login, sessions, transmitter, polled } = setup({ subjectOf })
    await call('/streams', 'POST', poll)
    for (let index = 0; index < 80; index++) await login()
    await sessions.revokeAll('ada')
    await transmitter.close()
    expect(await polled()).toHaveLength(80)
    expect(most).toBeLessThanOrEqual(16)
  })

  it('a receiver that is down gets no more requests once its stream is paused, and that is reported once', async () => {
    const shop = await startSlowShop(() => 500)
    const world = setup({ receivers: shopAt(shop.url), attempts: 1 })
    const { call, login, sessions, transmitter, problems, store } = world
    const { stream_id } = await (await call('/streams', 'POST', pushTo(shop.url))).json()
    await call('/status', 'POST', { stream_id, status: 'paused' })
    for (let index = 0; index < 20; index++) await login()
    await sessions.revokeAll('ada')
    await soon(async () => expect(await notesIn(store)).toBe(0))
    await call('/status', 'POST', { stream_id, status: 'enabled' })
    await transmitter.flush()
    expect(shop.received.length).toBeLessThanOrEqual(4)
    expect(problems).toMatchObject([{ kind: 'paused' }])
  })

  it('no record grows beyond the 400 kB of DynamoDB, so each event is stored', async () => {
    const store = memoryStore()
    let largest = 0
    const sized: Store = {
      ...store,
      read: store.read.bind(store),
      create: store.create.bind(store),
      end: store.end.bind(store),
      list: store.list.bind(store),
      close: store.close.bind(store),
      async write(id, change) {
        const written = await store.write(id, change)
        const kept = await store.read(id)
        if (kept?.kind === 'live') largest = Math.max(largest, JSON.stringify(kept).length)
        return written
      },
    }
    const { call, sessions, transmitter, login } = setup({}, sized)
    await call('/streams', 'POST', poll)
    for (let index = 0; index < 1000; index++) await login()
    await sessions.revokeAll('ada')
    await transmitter.close()
    const { sets } = await (await call('/poll', 'POST', { returnImmediately: true })).json()
    expect(Object.keys(sets)).toHaveLength(100)
    expect(largest).toBeLessThan(200_000)
  }, 60_000)
})

it('the endpoints answer 503 to a body that breaks off, and while the store is down', async () => {
  quiet()
  const store = memoryStore()
  let isDown = false
  const { call, transmitter } = setup(
    {},
    {
      ...store,
      read(id) {
        if (isDown) throw new Error('The store is down.')
        return store.read(id)
      },
      create: store.create.bind(store),
      write: store.write.bind(store),
      end: store.end.bind(store),
      list: store.list.bind(store),
      close: store.close.bind(store),
    },
  )
  await call('/streams', 'POST', poll)
  const broken = new Request(`${ISSUER}/ssf/poll`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: breakingBody(),
    duplex: 'half',
  } as RequestInit)
  expect((await transmitter.handler(broken)).status).toBe(503)
  isDown = true
  expect((await call('/poll', 'POST', { returnImmediately: true })).status).toBe(503)
})

describe('a receiver that misbehaves', () => {
  it('gets one verification of fifty that it asks for at once', async () => {
    const { call, polled } = setup()
    const { stream_id } = await (await call('/streams', 'POST', poll)).json()
    const asked = await Promise.all(Array.from({ length: 50 }, () => call('/verify', 'POST', { stream_id })))
    expect(asked.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(asked.filter(({ status }) => status === 429)).toHaveLength(49)
    expect(await polled()).toHaveLength(1)
  })

  it('leaves nothing behind when it makes and deletes streams', async () => {
    const store = memoryStore()
    const { call } = setup({}, store)
    const { stream_id } = await (await call('/streams', 'POST', poll)).json()
    for (let index = 0; index < 20; index++) {
      await call('/subjects/remove', 'POST', { stream_id, subject: { format: 'opaque', id: `user-${index}` } })
    }
    await call('/verify', 'POST', { stream_id })
    await call(`/streams?stream_id=${stream_id}`, 'DELETE')
    const left: string[] = []
    for (const { data } of await liveIn(store)) left.push(...Object.keys(data))
    expect(left).toEqual([])
  })

  it.each([
    ['acks that are no texts', '/poll', { ack: [{ toString: 1 }], returnImmediately: true }, 200],
    ['errors that are no objects', '/poll', { setErrs: { __proto__: null, x: null }, returnImmediately: true }, 200],
    ['a subject of ten thousand levels', '/subjects/remove', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 400],
  ])('is told that it is wrong, or nothing, for %s', async (_, path, body, status) => {
    const { call } = setup()
    const { stream_id } = await (await call('/streams', 'POST', poll)).json()
    const sent = typeof body === 'string' ? `{"stream_id":"${stream_id}","subject":{"format":"x","y":${body}}}` : body
    expect((await call(path, 'POST', sent)).status).toBe(status)
  })

  it('answers 200 with a body that never ends, and holds no connection', async () => {
    const closed = vi.fn()
    const server = await listen((request, response) => {
      request.resume()
      response.on('close', closed)
      response.writeHead(200).write('x')
      const timer = setInterval(() => response.write('x'.repeat(1000)), 5)
      response.on('close', () => clearInterval(timer))
    })
    cleanups.push(server.close)
    const { call, sessions, login } = setup({ receivers: shopAt(server.url) })
    await call('/streams', 'POST', pushTo(server.url))
    await sessions.revoke(await login())
    await soon(() => expect(closed).toHaveBeenCalledOnce())
  })
})

describe('an onProblem that fails', () => {
  const raise = (): never => {
    throw new Error('the log is down')
  }

  it.each<[string, () => unknown]>([
    ['throws', () => raise()],
    ['rejects', async () => raise()],
  ])('and %s, when too many events wait, loses no newer event and ends no process', async (_, onProblem) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const world = await setup({ maxWaiting: 1, onProblem })
    await world.call('/streams', 'POST', poll)
    await world.transmitter.credentialChanged('ada', { type: 'password', change: 'update' })
    await world.transmitter.credentialChanged('bob', { type: 'password', change: 'update' })
    expect((await world.polled()).map(({ sub_id }) => sub_id.sub)).toEqual(['bob'])
    expect(printed.mock.calls.flat()).toContainEqual(new Error('the log is down'))
    printed.mockRestore()
  })
})

describe('the notes of ended sessions', () => {
  /** A store in which the record with the notes is full. Their names are those with a space. */
  function fullOfNotes(): Store {
    const store = memoryStore()
    return {
      name: store.name,
      read: store.read.bind(store),
      create: store.create.bind(store),
      write(id, change) {
        const isNote = Object.keys(change.set ?? {}).some((name) => name.includes(' '))
        if (isNote) throw new Error('The record is too large.')
        return store.write(id, change)
      },
      end: store.end.bind(store),
      list: store.list.bind(store),
      close: store.close.bind(store),
    }
  }

  it('keep no session alive when they cannot be stored, and the event is sent all the same', async () => {
    const { call, sessions, login, polled } = setup({}, fullOfNotes())
    await call('/streams', 'POST', poll)
    const id = await login()
    expect(await sessions.revoke(id)).toBe(true)
    expect(await sessions.list('ada')).toEqual([])
    await soon(async () => expect(await polled()).toHaveLength(1))
  })

  it('hang no process when another program ended the record that they are in', async () => {
    quiet()
    const store = memoryStore()
    const { sessions, login } = setup({}, store)
    await sessions.revoke(await login())
    for (const { id } of await liveIn(store)) {
      const now = Date.now()
      await store.end(id, { kind: 'ended', id, reason: 'x', endedAt: now, expiresAt: now + 60_000 })
    }
    expect(await sessions.revoke(await login('bob'))).toBe(true)
    expect(await sessions.list('bob')).toEqual([])
  })
})

describe('a password change that was sent before a crash, whose notes are still there', () => {
  it.each(['passwordChanged', 'factorChanged'] as const)(
    '%s: is sent again with the same id, so that receivers count it once',
    async (verb) => {
      const store = memoryStore()
      // As if the process was killed before it could remove a note.
      let isKilled = true
      const before = setup(
        {},
        {
          ...store,
          read: store.read.bind(store),
          create: store.create.bind(store),
          end: store.end.bind(store),
          list: store.list.bind(store),
          close: store.close.bind(store),
          async write(id, change) {
            const isRemoval = change.remove?.some((name) => name.includes(' ')) === true
            return isRemoval && isKilled ? new Promise(() => {}) : store.write(id, change)
          },
        },
      )
      await before.call('/streams', 'POST', poll)
      for (let count = 0; count < 3; count++) await before.login()
      await before.sessions[verb]('ada')
      const changes = async (polled: () => Promise<Sent[]>) =>
        (await polled()).filter(({ events }) => events[`${CAEP}credential-change`] !== undefined)
      await soon(async () => expect(await before.polled()).toHaveLength(4))
      const [first] = await changes(before.polled)
      await before.call('/poll', 'POST', { ack: (await before.polled()).map(({ jti }) => jti), maxEvents: 0 })
      isKilled = false
      const after = setup({}, store)
      await after.transmitter.flush()
      const again = await changes(after.polled)
      expect(again).toMatchObject([{ jti: first?.jti }])
    },
  )

  it('and a later change is another event', async () => {
    const { sessions, call, login, polled } = setup()
    await call('/streams', 'POST', poll)
    for (let count = 0; count < 2; count++) {
      await login()
      await sessions.passwordChanged('ada')
    }
    await soon(async () => expect(await polled()).toHaveLength(4))
    expect(new Set((await polled()).map(({ jti }) => jti)).size).toBe(4)
  })
})

it('a password change that is told after a crash has the time of the change, so that later sessions stay', async () => {
  const store = memoryStore()
  const before = setup({}, store)
  await before.call('/streams', 'POST', poll)
  await before.login()
  await before.transmitter.close()
  const changedAt = Date.now()
  await before.sessions.passwordChanged('ada')
  await new Promise((resolve) => setTimeout(resolve, 300))
  const after = setup({}, store)
  await after.transmitter.flush()
  const told = (await after.polled()).flatMap(({ events }) => events[`${CAEP}credential-change`] ?? [])
  expect(told).toHaveLength(1)
  expect(Number((told[0] as { event_timestamp: number }).event_timestamp) * 1000).toBeLessThan(changedAt + 250)
})

describe('a receiver that is busy', () => {
  it('answers 429 with Retry-After, and gets no request before', async () => {
    let now = Date.now()
    const received: string[] = []
    const server = await listen(async (request, response) => {
      received.push(await text(request))
      if (received.length > 1) response.writeHead(202).end()
      else response.writeHead(429, { 'retry-after': '60' }).end()
    })
    cleanups.push(server.close)
    const { call, login, sessions, transmitter } = setup({ receivers: shopAt(server.url), timing: { wall: () => now } })
    await call('/streams', 'POST', pushTo(server.url))
    await sessions.revoke(await login())
    await soon(() => expect(received).toHaveLength(1))
    await new Promise((resolve) => setTimeout(resolve, 50))
    now += 59_000
    await transmitter.flush()
    expect(received).toHaveLength(1)
    now += 2000
    await transmitter.flush()
    expect(received).toHaveLength(2)
  })

  it('stalls while thousands of sessions end: what waits in memory is bounded, and all of it arrives later', async () => {
    let isStalled = true
    let asked = 0
    const held: (() => void)[] = []
    const stall = async () => {
      asked += 1
      if (isStalled) await new Promise<void>((resolve) => held.push(resolve))
      return new Response(null, { status: 202 })
    }
    const options = { receivers: shopAt('https://shop.example'), fetch: stall as typeof fetch, maxWaiting: 3000 }
    const { call, login, sessions, transmitter, store } = setup(options)
    await call('/streams', 'POST', pushTo('https://shop.example'))
    for (let count = 0; count < 1200; count++) await login()
    await sessions.revokeAll('ada')
    await soon(async () => expect(await notesIn(store)).toBe(0))
    isStalled = false
    for (const release of held) release()
    await soon(() => expect(asked).toBe(1000))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(asked).toBe(1000)
    await transmitter.flush()
    expect(asked).toBe(1200)
  }, 60_000)
})

describe('a clock that was a day ahead, and is right again', () => {
  const DAY = 86_400_000

  it('holds back no event that was about to be tried again, and no receiver gets a time in the future', async () => {
    let ahead = DAY
    const shop = await startShop((count) => (count === 1 ? 500 : 202))
    const { call, login, sessions, transmitter } = setup({
      receivers: shopAt(shop.url),
      timing: { wall: () => Date.now() + ahead },
    })
    await call('/streams', 'POST', pushTo(shop.url))
    await sessions.revoke(await login())
    await soon(() => expect(shop.received).toHaveLength(1))
    await new Promise((resolve) => setTimeout(resolve, 50))
    ahead = 0
    await transmitter.flush()
    expect(shop.received).toHaveLength(2)
    const { iat } = JSON.parse(Buffer.from(shop.received[1]?.split('.')[1] ?? '', 'base64url').toString())
    expect(iat * 1000).toBeLessThanOrEqual(Date.now())
  })

  it('holds back no event that a crash left', async () => {
    const store = memoryStore()
    const before = setup({}, store)
    await before.call('/streams', 'POST', poll)
    await before.transmitter.close()
    await before.sessions.revoke(await before.login())
    const after = setup({ timing: { wall: () => Date.now() - DAY } }, store)
    await after.transmitter.flush()
    expect(await after.polled()).toHaveLength(1)
  })

  it('keeps no receiver from asking for a verification', async () => {
    let ahead = DAY
    const { call } = setup({ timing: { wall: () => Date.now() + ahead } })
    const { stream_id } = await (await call('/streams', 'POST', poll)).json()
    expect((await call('/verify', 'POST', { stream_id })).status).toBe(204)
    ahead = 0
    expect((await call('/verify', 'POST', { stream_id })).status).toBe(204)
  })
})

it.each([
  ['one name', { id: 'shop', token: OTHER_TOKEN }],
  ['one token', { id: 'bank', token: TOKEN }],
])('two receivers with %s are refused, because one would act as the other', (_, second) => {
  const receivers = [
    { id: 'shop', audience: AUDIENCE, token: TOKEN },
    { audience: 'https://bank.example', ...second },
  ]
  expect(() => setup({ receivers })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
})
