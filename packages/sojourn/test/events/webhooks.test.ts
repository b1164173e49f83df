import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createSessions } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import {
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookDrop,
  type Webhooks,
  type WebhooksOptions,
  webhooks,
} from 'sojourn/webhooks'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createWorld, DAY, rejection, type World } from '../core/kit.ts'

const SECRET = `whsec_${Buffer.from('a secret for webhooks in tests..').toString('base64')}`
const OTHER = `whsec_${Buffer.from('another secret for webhooks.....').toString('base64')}`

/** Machines on which tests run can be slow. */
const until = (look: () => void): Promise<void> => vi.waitFor(look, { timeout: 20_000 })

const TIME_LIMIT = 15_000

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** How the next requests are answered. Afterwards with 204. */
  answers: (number | { status: number; headers: Record<string, string> } | 'hang' | 'reset')[]
  waitFor(count: number): Promise<void>
}

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const receiver = { received, answers: [] as Receiver['answers'] }
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) })
    const answer = receiver.answers.shift() ?? 204
    if (answer === 'hang') return
    if (answer === 'reset') request.socket.destroy()
    else if (typeof answer === 'number') response.writeHead(answer).end()
    else response.writeHead(answer.status, answer.headers).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}/hooks?key=private`,
    waitFor: (count: number) => until(() => expect(received.length).toBeGreaterThanOrEqual(count)),
  })
}

/** Time that only moves when a test says so. */
function createTiming(clock: () => number) {
  const timers = new Set<{ readonly ms: number; readonly callback: () => void }>()
  return {
    /** Without the time limits of requests. */
    pauses: () => [...timers].map(({ ms }) => ms).filter((ms) => ms !== TIME_LIMIT),
    /** Ends all pauses of this length. */
    pass(ms: number) {
      for (const timer of [...timers]) {
        if (timer.ms !== ms) continue
        timers.delete(timer)
        timer.callback()
      }
    },
    timing: {
      wall: clock,
      random: () => 1,
      after(ms: number, callback: () => void) {
        const timer = { ms, callback }
        timers.add(timer)
        return () => void timers.delete(timer)
      },
    },
  }
}

interface Hooked {
  readonly world: World<Record<string, unknown>>
  readonly receiver: Receiver
  readonly hooks: Webhooks
  readonly drops: WebhookDrop[]
  readonly time: ReturnType<typeof createTiming>
  login(user?: string): Promise<unknown>
}

async function hooked(options: Partial<WebhooksOptions> = {}, endpoint: object = {}): Promise<Hooked> {
  const receiver = await startReceiver()
  const world = createWorld()
  const time = createTiming(world.clock)
  const drops: WebhookDrop[] = []
  const hooks = webhooks(world.sessions, {
    endpoints: [{ url: receiver.url, secret: SECRET, ...endpoint }],
    insecureHttp: true,
    dropped: (drop) => drops.push(drop),
    ...options,
    timing: { ...time.timing, ...options.timing },
  })
  const login = (user = 'ada') => world.client().send((session) => session.login(user))
  return { world, receiver, hooks, drops, time, login }
}

const verify = (it: Hooked, { headers, body }: Received, options: Partial<VerifyWebhookOptions> = {}) =>
  verifyWebhook(headers, body, { secret: SECRET, clock: it.world.clock, ...options })

describe('a message', () => {
  it('is signed by the Standard Webhooks specification, and a receiver verifies it', async () => {
    const it = await hooked()
    await it.login()
    await it.receiver.waitFor(1)
    const [received] = it.receiver.received
    if (received === undefined) throw new Error('nothing')
    const { headers, body } = received
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^msg_[\w-]{22}$/),
    })
    expect(headers['webhook-timestamp']).toBe(`${it.world.clock() / 1000}`)
    const key = Buffer.from(SECRET.slice(6), 'base64')
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
    expect(await verify(it, received)).toEqual({
      ok: true,
      id: headers['webhook-id'],
      message: {
        type: 'session.login',
        timestamp: '2030-01-01T00:00:00.000Z',
        data: {
          id: expect.any(String),
          userId: 'ada',
          replaced: null,
          methods: [],
          assurance: null,
          request: { method: 'GET', path: '/', host: 'shop.example', origin: null, address: null },
        },
      },
    })
  })

  it('matches the test vector of the specification', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const body = '{"test": 2432232314}'
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const clock = () => 1614265330_000
    // Signed correctly; but it is none of our messages.
    expect(await verifyWebhook(headers, body, { secret, clock })).toEqual({ ok: false, reason: 'body' })
    expect(await verifyWebhook(headers, `${body} `, { secret, clock })).toEqual({ ok: false, reason: 'signature' })
  })

  it('is sent for the chosen events only', async () => {
    const it = await hooked({}, { events: ['ended'] })
    const client = it.world.client()
    await client.send((session) => session.login('ada'))
    await client.send((session) => session.logout())
    await it.receiver.waitFor(1)
    expect(it.receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
      'session.ended',
    ])
  })

  it('is text that every parser takes: no half of a character, cut here or from the application', async () => {
    const it = await hooked()
    await it.login(`${'x'.repeat(999)}😀`)
    await it.login('half \ud83d')
    await it.receiver.waitFor(2)
    const users = it.receiver.received.map(({ body }) => {
      expect(body).not.toMatch(/\\ud[89a-f]/)
      return (JSON.parse(body) as { data: { userId: string } }).data.userId
    })
    expect(users.sort()).toEqual(['half \ufffd', `${'x'.repeat(999)}…`])
  })

  it('contains no token, wherever a client puts its own', async () => {
    const it = await hooked({ address: 'full' }, { events: ['login', 'refused', 'ended'] })
    const client = it.world.client()
    await client.send((session) => session.login('ada'))
    const token = client.token() ?? ''
    await client.send((session) => session.logout(), {
      url: `/${token}?x=${token}`,
      headers: { host: token },
      peer: token,
    })
    await it.receiver.waitFor(2)
    for (const { body, headers } of it.receiver.received) {
      expect(body + JSON.stringify(headers)).not.toContain(token)
      expect(body).not.toContain(token.slice(22, 53))
    }
  })
})

describe('a receiver refuses', () => {
  async function one(): Promise<Hooked & { readonly message: Received }> {
    const it = await hooked()
    await it.login()
    await it.receiver.waitFor(1)
    const [message] = it.receiver.received
    if (message === undefined) throw new Error('nothing')
    return { ...it, message }
  }

  it('a forged message: made with another secret', async () => {
    const it = await one()
    expect(await verify(it, it.message, { secret: OTHER })).toEqual({ ok: false, reason: 'signature' })
  })

  it('a changed body, id, time, or signature', async () => {
    const it = await one()
    const { headers, body } = it.message
    const changed = (more: IncomingHttpHeaders): Received => ({ body, headers: { ...headers, ...more } })
    expect(await verify(it, { headers, body: body.replace('ada', 'eve') })).toMatchObject({ reason: 'signature' })
    expect(await verify(it, changed({ 'webhook-id': 'msg_other' }))).toMatchObject({ reason: 'signature' })
    expect(await verify(it, changed({ 'webhook-timestamp': `${it.world.clock() / 1000 + 1}` }))).toMatchObject({
      reason: 'signature',
    })
    const signature = String(headers['webhook-signature'])
    for (const wrong of [signature.slice(0, -1), `${signature}=`, signature.replace('v1,', 'v1a,'), 'v1,', ' ', 'v1']) {
      expect(await verify(it, changed({ 'webhook-signature': wrong }))).toMatchObject({ ok: false })
    }
  })

  it('an id with a dot, which could move the border between id and time', async () => {
    const it = await one()
    const { headers, body } = it.message
    const id = `${headers['webhook-id']}.${headers['webhook-timestamp']}`
    expect(await verify(it, { body, headers: { ...headers, 'webhook-id': id } })).toMatchObject({ reason: 'headers' })
  })

  it('an old message, and one from the future', async () => {
    const it = await one()
    it.world.clock.advance(300_000)
    expect(await verify(it, it.message)).toMatchObject({ ok: true })
    it.world.clock.advance(1000)
    expect(await verify(it, it.message)).toEqual({ ok: false, reason: 'old' })
    const early = () => it.world.clock() - 602_000
    expect(await verify(it, it.message, { clock: early })).toEqual({ ok: false, reason: 'early' })
    expect(await verify(it, it.message, { clock: () => Number.NaN })).toMatchObject({ ok: false })
  })

  it('a replayed message, also at the same moment, if it has a store', async () => {
    const it = await one()
    const store = memoryStore()
    const verdicts = await Promise.all([verify(it, it.message, { store }), verify(it, it.message, { store })])
    expect(verdicts.map((verdict) => (verdict.ok ? 'ok' : verdict.reason)).sort()).toEqual(['ok', 'repeated'])
    expect(await verify(it, it.message), 'without a store it is accepted again').toMatchObject({ ok: true })
  })

  it('a replayed message, as long as its time is within a tolerance of a week', async () => {
    const it = await one()
    const options = { store: memoryStore(), toleranceSeconds: 7 * 86_400, clock: it.world.clock }
    const answers: unknown[] = [await verify(it, it.message, options)]
    for (let day = 0; day < 8; day++) {
      it.world.clock.advance(DAY)
      answers.push(await verify(it, it.message, options))
    }
    expect(answers).toMatchObject([
      { ok: true },
      ...Array.from({ length: 7 }, () => ({ reason: 'repeated' })),
      { reason: 'old' },
    ])
  })

  it('a replayed message that is forged does not use up the id', async () => {
    const it = await one()
    const store = memoryStore()
    const { headers, body } = it.message
    expect(await verify(it, { headers, body: `${body} ` }, { store })).toMatchObject({ reason: 'signature' })
    expect(await verify(it, it.message, { store })).toMatchObject({ ok: true })
  })

  it.each([['webhook-id'], ['webhook-timestamp'], ['webhook-signature']])('a message without %s', async (name) => {
    const it = await one()
    const { [name]: _, ...headers } = it.message.headers
    expect(await verify(it, { headers, body: it.message.body })).toEqual({ ok: false, reason: 'headers' })
    expect(
      await verify(it, { headers: { ...headers, [name]: ['a', 'b'] as never }, body: it.message.body }),
    ).toMatchObject({
      ok: false,
    })
  })

  it.each(['-1', '1e9', '0x10', ' 5', '99999999999999', 'NaN', ''])('the time %j', async (timestamp) => {
    const it = await one()
    const headers = { ...it.message.headers, 'webhook-timestamp': timestamp }
    expect(await verify(it, { headers, body: it.message.body })).toEqual({ ok: false, reason: 'headers' })
  })

  it('a header with thousands of signatures costs little, and only the first twenty count', async () => {
    const it = await one()
    const { headers, body } = it.message
    const signature = `${'v1,AAAA '.repeat(5000)}${headers['webhook-signature']}`
    expect(await verify(it, { body, headers: { ...headers, 'webhook-signature': signature } })).toMatchObject({
      ok: false,
    })
  })

  it('takes headers of fetch, and bytes', async () => {
    const it = await one()
    const headers = new Headers(it.message.headers as Record<string, string>)
    const body = new TextEncoder().encode(it.message.body)
    const options = { secret: SECRET, clock: it.world.clock }
    expect(await verifyWebhook(headers, body, options)).toMatchObject({ ok: true })
    const parsed = JSON.parse(it.message.body) as never
    expect(await rejection(verifyWebhook(headers, parsed, options))).toMatchObject({ code: 'ERR_OPTION' })
  })
})

it('takes names of headers as the sender wrote them, but none that is there twice', async () => {
  const it = await hooked()
  await it.login()
  await it.receiver.waitFor(1)
  const [{ headers, body } = { headers: {}, body: '' }] = it.receiver.received
  const named = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()), value]),
  )
  expect(Object.keys(named)).toContain('Webhook-Id')
  expect(await verify(it, { headers: named, body })).toMatchObject({ ok: true })
  const twice = { ...named, 'webhook-id': 'msg_of_somebody_else' }
  expect(await verify(it, { headers: twice, body })).toEqual({ ok: false, reason: 'headers' })
})

describe('a secret is replaced', () => {
  it('the sender signs with both, and a receiver with either accepts', async () => {
    const it = await hooked({}, { secret: [OTHER, SECRET] })
    await it.login()
    await it.receiver.waitFor(1)
    const [message] = it.receiver.received
    if (message === undefined) throw new Error('nothing')
    expect(await verify(it, message)).toMatchObject({ ok: true })
    expect(await verify(it, message, { secret: OTHER })).toMatchObject({ ok: true })
  })

  it('the receiver knows both, and accepts what was signed with either', async () => {
    const it = await hooked()
    await it.login()
    await it.receiver.waitFor(1)
    const [message] = it.receiver.received
    if (message === undefined) throw new Error('nothing')
    expect(await verify(it, message, { secret: [OTHER, SECRET] })).toMatchObject({ ok: true })
  })
})

describe('an endpoint that does not answer', () => {
  it.each([500, 404, 302, 'reset'] as const)(
    '%s: the message is sent again with the same id and a new time',
    async (answer) => {
      const it = await hooked()
      it.receiver.answers = [answer]
      await it.login()
      await until(() => expect(it.time.pauses()).toEqual([5000]))
      it.world.clock.advance(5000)
      it.time.pass(5000)
      await it.receiver.waitFor(2)
      const [first, second] = it.receiver.received
      expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
      expect(Number(second?.headers['webhook-timestamp'])).toBe(Number(first?.headers['webhook-timestamp']) + 5)
      if (second !== undefined) expect(await verify(it, second)).toMatchObject({ ok: true })
      await it.hooks.flush()
      expect(it.drops).toEqual([])
    },
  )

  it.each([302, 307])('a redirect to another server (%i) is not followed', async (status) => {
    const target = await startReceiver()
    const it = await hooked({ attempts: 1 })
    it.receiver.answers = [{ status, headers: { location: target.url } }]
    await it.login()
    await until(() => expect(it.drops).toHaveLength(1))
    expect(it.drops).toMatchObject([{ reason: 'attempts' }])
    expect(target.received).toEqual([])
  })

  it('the pauses grow by four, up to the longest, and are random', async () => {
    const it = await hooked({ longestRetry: '1m' })
    it.receiver.answers = Array.from({ length: 8 }, () => 503)
    await it.login()
    const seen: number[] = []
    for (let attempt = 1; attempt < 8; attempt++) {
      await until(() => expect(it.time.pauses()).toHaveLength(1))
      const [ms = 0] = it.time.pauses()
      seen.push(ms)
      it.time.pass(ms)
      await it.receiver.waitFor(attempt + 1)
    }
    expect(seen).toEqual([5000, 20_000, 60_000, 60_000, 60_000, 60_000, 60_000])
    await until(() => expect(it.drops).toMatchObject([{ reason: 'attempts', status: 503 }]))
    const low = await hooked({ timing: { ...it.time.timing, random: () => 0 } })
    low.receiver.answers = [500]
    await low.login()
    await until(() => expect(it.time.pauses()).toEqual([2500]))
  })

  it('Retry-After is respected, up to an hour', async () => {
    const it = await hooked()
    it.receiver.answers = [{ status: 429, headers: { 'retry-after': '120' } }]
    await it.login()
    await until(() => expect(it.time.pauses()).toEqual([120_000]))
    it.receiver.answers = [{ status: 503, headers: { 'retry-after': '999999' } }]
    it.time.pass(120_000)
    await until(() => expect(it.time.pauses()).toEqual([3_600_000]))
  })

  it('that hangs is left after the time limit', async () => {
    const it = await hooked()
    it.receiver.answers = ['hang']
    await it.login()
    await it.receiver.waitFor(1)
    expect(it.time.pauses()).toEqual([])
    it.time.pass(TIME_LIMIT)
    await until(() => expect(it.time.pauses()).toEqual([5000]))
  })

  it('that hangs behind a fetch that does not know the signal is left too, and close ends', async () => {
    let calls = 0
    const stuck = (): Promise<never> => {
      calls += 1
      return new Promise(() => {})
    }
    const it = await hooked({ fetch: stuck })
    await it.login()
    it.time.pass(TIME_LIMIT)
    await until(() => expect(it.time.pauses()).toEqual([5000]))
    const closing = it.hooks.close()
    await until(() => expect(calls).toBe(2))
    it.time.pass(TIME_LIMIT)
    await closing
    expect(it.drops).toMatchObject([{ reason: 'closed', status: null }])
  })

  it('410: it gets no more messages', async () => {
    const it = await hooked()
    it.receiver.answers = [410]
    await it.login()
    await until(() => expect(it.drops).toMatchObject([{ reason: 'gone', status: 410, type: 'session.login' }]))
    await it.login()
    await until(() => expect(it.drops).toHaveLength(2))
    expect(it.receiver.received).toHaveLength(1)
  })

  it('the queue is bounded: further messages are dropped, with one fault in a minute', async () => {
    const it = await hooked({ maxWaiting: 6 })
    it.receiver.answers = Array.from({ length: 6 }, () => 'hang' as const)
    for (let i = 0; i < 10; i++) await it.login(`user${i}`)
    await until(() => expect(it.drops).toHaveLength(4))
    expect(new Set(it.drops.map(({ reason }) => reason))).toEqual(new Set(['full']))
    expect(it.drops[0]?.url, 'without the query').toMatch(/\/hooks$/)
    await until(() => expect(it.world.eventsOf('fault')).toHaveLength(1))
    expect(it.world.eventsOf('fault')).toMatchObject([{ error: { code: 'ERR_EVENTS' } }])
    expect(it.receiver.received.length, 'four requests at a time').toBeLessThanOrEqual(4)
  })

  it('a clock that is set back a year hides no outage', async () => {
    let uptime = 0
    const it = await hooked({ attempts: 1, timing: { uptime: () => uptime } })
    it.receiver.answers = [500, 500]
    await it.login()
    await until(() => expect(it.world.eventsOf('fault')).toHaveLength(1))
    it.world.clock.advance(-365 * 86_400_000)
    uptime += 60_000
    await it.login()
    await until(() => expect(it.world.eventsOf('fault')).toHaveLength(2))
  })

  it('a 204 whose connection breaks behind the headers has arrived', async () => {
    let sent = 0
    const broken = async (): Promise<Response> => {
      sent += 1
      const body = new ReadableStream({ start: (controller) => controller.error(new Error('reset')) })
      return new Response(body, { status: 200 })
    }
    const it = await hooked({ fetch: broken })
    await it.login()
    await it.hooks.flush()
    expect(sent).toBe(1)
    expect(it.time.pauses()).toEqual([])
  })

  it('no request waits for it or fails', async () => {
    const it = await hooked()
    it.receiver.answers = ['hang']
    const client = it.world.client()
    await client.send((session) => session.login('ada'))
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })
})

describe('a function dropped of the application', () => {
  const fails = { throws: () => raise(), rejects: async () => raise() }
  const raise = (): never => {
    throw new Error('the database of drops is down')
  }

  it.each(['throws', 'rejects'] as const)('that %s ends no process, and the drop is reported too', async (how) => {
    const it = await hooked({ attempts: 1, dropped: fails[how] })
    it.receiver.answers = [500, 500]
    await it.login()
    await until(() => expect(it.world.eventsOf('fault')).toHaveLength(1))
    const [first] = it.world.eventsOf('fault')
    expect(first?.error).toMatchObject({ code: 'ERR_EVENTS', cause: { message: 'the database of drops is down' } })
    expect(String(first?.error)).toMatch(/a message to http.* was dropped \(attempts, last status 500\)/)
    await it.login()
    await until(() => expect(it.world.eventsOf('fault'), 'also within a minute').toHaveLength(2))
  })

  it('that stores the drop is waited for by close, and one that never ends is not', async () => {
    const stored: string[] = []
    const slow = async ({ id }: WebhookDrop): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      stored.push(id)
    }
    const it = await hooked({ attempts: 1, dropped: slow })
    it.receiver.answers = [500]
    await it.login()
    await it.hooks.close()
    expect(stored).toHaveLength(1)
    const stuck = await hooked({ attempts: 1, dropped: () => new Promise(() => {}) })
    stuck.receiver.answers = [500]
    await stuck.login()
    await stuck.receiver.waitFor(1)
    let isClosed = false
    const closing = stuck.hooks.close().then(() => {
      isClosed = true
    })
    await until(() => {
      stuck.time.pass(TIME_LIMIT)
      expect(isClosed).toBe(true)
    })
    await closing
  })
})

describe('flush and close', () => {
  it('flush tries again at once, and rejects if messages did not arrive', async () => {
    const it = await hooked()
    it.receiver.answers = [500, 500]
    await it.login()
    await until(() => expect(it.time.pauses()).toEqual([5000]))
    expect(await rejection(it.hooks.flush())).toMatchObject({ code: 'ERR_EVENTS' })
    await until(() => expect(it.time.pauses()).toEqual([20_000]))
    await it.hooks.flush()
    expect(it.receiver.received).toHaveLength(3)
    expect(it.time.pauses()).toEqual([])
  })

  it('close waits for messages on their way, tries the others once, and reports those that did not arrive', async () => {
    const it = await hooked()
    it.receiver.answers = [500, 500]
    await it.login()
    await until(() => expect(it.time.pauses()).toEqual([5000]))
    await it.hooks.close()
    expect(it.drops).toMatchObject([{ reason: 'closed', status: 500 }])
    expect(it.receiver.received).toHaveLength(2)
    await it.login()
    await it.hooks.close()
    expect(it.receiver.received).toHaveLength(2)
  })

  it('close of a full queue does not wait for each message in turn, if the receiver never answers', async () => {
    const it = await hooked()
    it.receiver.answers = Array.from({ length: 100 }, () => 'hang' as const)
    for (let count = 0; count < 20; count++) await it.login()
    await it.receiver.waitFor(4)
    const closing = it.hooks.close()
    it.time.pass(TIME_LIMIT)
    await closing
    expect(it.drops.map(({ reason }) => reason)).toEqual(Array.from({ length: 20 }, () => 'closed'))
    expect(it.receiver.received).toHaveLength(4)
  })
})

describe('options', () => {
  const sessions = createSessions()
  const make =
    (endpoint: object, more: object = {}) =>
    () =>
      webhooks(sessions, { endpoints: [{ url: 'https://x.example/', secret: SECRET, ...endpoint }], ...more })

  it.each<[string, () => unknown]>([
    ['http', make({ url: 'http://x.example/' })],
    ['a file', make({ url: 'file:///etc/passwd' })],
    ['a URL with a password', make({ url: 'https://user:secret@x.example/' })],
    ['no URL', make({ url: 'x.example' })],
    ['a short secret', make({ secret: 'whsec_c2hvcnQ=' })],
    ['a secret without its prefix', make({ secret: SECRET.slice(6) })],
    ['an empty list of secrets', make({ secret: [] })],
    ['an event that is none', make({ events: ['logon'] })],
    ['no endpoints', () => webhooks(sessions, { endpoints: [] })],
    ['no attempts', make({}, { attempts: 0 })],
    ['an unknown option', make({}, { retries: 3 })],
  ])('%s is ERR_OPTION', (_, work) => {
    expect(work).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(work).not.toThrow(/secret@|c2hvcnQ/)
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 1e12, '300'])('a tolerance of %s is ERR_OPTION', async (given) => {
    const options = { secret: SECRET, toleranceSeconds: given as number }
    expect(await rejection(verifyWebhook({}, '', options))).toMatchObject({ code: 'ERR_OPTION' })
  })

  it('a receiver with a wrong secret is ERR_OPTION, and not a refusal', async () => {
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' }
    expect(await rejection(verifyWebhook(headers, '', { secret: '' }))).toMatchObject({ code: 'ERR_OPTION' })
  })
})
