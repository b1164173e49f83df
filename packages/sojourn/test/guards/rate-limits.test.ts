import { guardCases } from '@sojourn/conformance'
import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterUnion } from 'rate-limiter-flexible'
import { createSessions, memoryStore, type SessionEvent } from 'sojourn'
import { defaultRates, type RateLimiter, type RateLimitsOptions, rateLimits } from 'sojourn/guards/rate-limits'
import { afterAll, describe, expect, test } from 'vitest'
import { createBlocks } from '../../src/guards/_blocks.ts'
import { isPrivate, networkOf } from '../../src/guards/_network.ts'
import { createWorld, edit, HOUR, look, type RequestOptions, rejection, type TestData } from '../core/kit.ts'
import { isLeftOut } from '../stores/redis-stores.ts'
import { testCases } from '../support/run-cases.ts'
import { startRedis } from '../support/servers/redis.ts'

const KEYS = ['a key of at least thirty-two bytes'] as const
const ELSEWHERE = '198.51.100.9'

testCases('the contract of guards, rate-limits', guardCases, {
  createGuard: () =>
    rateLimits({
      creation: new RateLimiterMemory(defaultRates.creation),
      badTokens: new RateLimiterMemory(defaultRates.badTokens),
    }),
})

/** A limiter that counts as those of `rate-limiter-flexible` do, without their timers. */
function limiterOf(points: number, ms = 60_000) {
  const counts = new Map<string, number>()
  const limiter: RateLimiter & { calls: string[]; fail: unknown; reset(): void } = {
    calls: [],
    fail: null,
    reset: () => counts.clear(),
    async consume(key) {
      limiter.calls.push(key)
      if (limiter.fail !== null) throw limiter.fail
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      if (count > points) throw { msBeforeNext: ms, remainingPoints: 0 }
    },
  }
  return limiter
}

let forged = 0
/** Has the form of a token, and a MAC that none of our keys made. */
const forgedCookie = () => `__Host-session=${String(forged++).padStart(64, 'A')}`

function worldOf(options: RateLimitsOptions) {
  const world = createWorld<TestData>({ keys: KEYS, guards: [rateLimits(options)] })
  const answerOf = async (request: RequestOptions) => (await world.client().open(request)).answer
  const forge = (request: RequestOptions = {}) => answerOf({ cookie: forgedCookie(), ...request })
  const visit = (request: RequestOptions = {}) => answerOf(request)
  const create = async (request: RequestOptions = {}) => {
    const client = world.client()
    const { session, answer, commit } = await client.open(request)
    if (answer !== null) return answer
    edit({ cart: 1 })(session)
    client.receive(await commit())
    await new Promise((resolve) => setImmediate(resolve))
    return null
  }
  return { ...world, forge, visit, create }
}

describe('a flood of forged tokens', () => {
  test('from one network gets 429 with Retry-After, and nobody else of it notices', async () => {
    const world = worldOf({ badTokens: limiterOf(5) })
    const user = world.client()
    await user.send((session) => session.login('ada'))
    for (let i = 0; i < 5; i++) expect(await world.forge()).toBe(null)
    for (let i = 0; i < 3; i++) {
      expect(await world.forge()).toMatchObject({
        status: 429,
        reason: 'too-many-bad-tokens',
        headers: { 'retry-after': '60' },
      })
    }
    expect((await user.send(look)).value.userId).toBe('ada')
    expect(await world.visit()).toBe(null)
    expect(await world.forge({ peer: ELSEWHERE })).toBe(null)
  })

  test('ends with its window', async () => {
    const limiter = limiterOf(1)
    const world = worldOf({ badTokens: limiter })
    await world.forge()
    expect((await world.forge())?.status).toBe(429)
    world.clock.advance(30_500)
    expect((await world.forge())?.headers).toEqual({ 'retry-after': '30' })
    world.clock.advance(30_000)
    limiter.reset()
    expect(await world.forge()).toBe(null)
  })

  test('reaches neither the store nor, once the network is blocked, the limiter', async () => {
    const limiter = limiterOf(100)
    const world = worldOf({ badTokens: limiter })
    let reads = 0
    const { read } = world.store
    Object.assign(world.store, {
      read: (...args: Parameters<typeof read>) => {
        reads++
        return read(...args)
      },
    })
    for (let i = 0; i < 5000; i++) await world.forge()
    expect([reads, limiter.calls.length]).toEqual([0, 101])
  })

  test('from a million networks fills no memory: only so many are remembered', () => {
    const blocks = createBlocks(100)
    for (let i = 0; i < 10_000; i++) blocks.add(`network ${i}`, 0, 60_000)
    expect(blocks.size).toBe(100)
    expect([blocks.msLeft('network 0', 1), blocks.msLeft('network 9999', 1)]).toEqual([0, 59_999])
    blocks.add('network 9999', 1, 60_000)
    expect(blocks.size).toBe(100)
    expect([blocks.msLeft('network 9999', 60_001), blocks.size]).toEqual([0, 99])
  })

  test('does not block anybody for longer because the clock was set back', () => {
    const blocks = createBlocks(100)
    blocks.add('network', 3_600_000, 1000)
    expect(blocks.msLeft('network', 0)).toBe(0)
  })

  test('tokens that ended honestly do not count: logged out, expired, replaced', async () => {
    const limiter = limiterOf(0)
    const world = worldOf({ badTokens: limiter })
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const cookie = client.cookie()
    await client.send((session) => session.logout())
    expect((await world.client().open({ cookie })).session.refused).toBe('ended')
    expect(limiter.calls).toEqual([])
  })
})

describe('a flood of new sessions', () => {
  test('from one network gets 429, and its users with a session go on', async () => {
    const world = worldOf({ creation: limiterOf(3) })
    const user = world.client()
    await user.send(edit({ cart: 1 }))
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 3; i++) expect(await world.create()).toBe(null)
    expect(await world.create()).toMatchObject({
      status: 429,
      reason: 'too-many-sessions',
      headers: { 'retry-after': '60' },
    })
    expect(await world.visit({ url: '/login' })).toMatchObject({ status: 429 })
    expect((await user.open()).answer).toBe(null)
    expect(await world.create({ peer: ELSEWHERE })).toBe(null)
  })

  test('by logins counts too, also from a session that exists', async () => {
    const limiter = limiterOf(100)
    const world = worldOf({ creation: limiter })
    const client = world.client()
    for (let i = 0; i < 3; i++) await client.send((session) => session.login('ada'))
    expect(limiter.calls).toHaveLength(3)
  })

  test('visitors who begin no session do not count, nor does each request of a session', async () => {
    const limiter = limiterOf(100)
    const world = worldOf({ creation: limiter })
    const client = world.client()
    for (let i = 0; i < 3; i++) await world.visit()
    await client.send(edit({ cart: 1 }))
    for (let i = 0; i < 3; i++) await client.send(edit({ cart: i }))
    expect(limiter.calls).toEqual(['creation:203.0.113.7/32'])
  })
})

describe('an attacker who changes the address within a network', () => {
  test.each<[string, string | null, string]>([
    ['an IPv4 address is its own network', '203.0.113.7', '203.0.113.7/32'],
    ['a port behind the address is not part of it', '203.0.113.7:49152', '203.0.113.7/32'],
    ['IPv4 written as IPv6 is the same address', '::ffff:203.0.113.7', '203.0.113.7/32'],
    ['in hexadecimal too', '::FFFF:cb00:7107', '203.0.113.7/32'],
    ['a translator in front of an IPv6 server writes IPv4 behind a prefix', '64:ff9b::203.0.113.7', '203.0.113.7/32'],
    ['or behind another one', '::ffff:0:cb00:7107', '203.0.113.7/32'],
    ['an IPv6 address that ends as IPv4 does is none', '2001:db8:1:200::203.0.113.7', '2001:db8:1:200/56'],
    ['the lower bits of IPv6 are chosen by the customer', '2001:db8:1:2ff:aaaa::1', '2001:db8:1:200/56'],
    ['and so is the subnet', '2001:DB8:1:200::2', '2001:db8:1:200/56'],
    ['another customer is another network', '2001:db8:1:300::2', '2001:db8:1:300/56'],
    ['brackets, zone and port are not part of it', '[2001:db8:1:2ff::1%eth0]:443', '2001:db8:1:200/56'],
    ['no address', 'evil', 'unknown'],
    ['an octet that is none', '999.1.1.1', 'unknown'],
    ['nothing', null, 'unknown'],
    ['a very long text', '1'.repeat(100_000), 'unknown'],
  ])('%s', (_, peer, network) => {
    expect(networkOf(peer, 32, 56)).toBe(network)
  })

  test('can be met with wider networks', () => {
    expect([networkOf('203.0.113.7', 24, 48), networkOf('2001:db8:1:2ff::1', 24, 48)]).toEqual([
      '203.0.113.0/24',
      '2001:db8:1/48',
    ])
  })

  test('private addresses are told from others', () => {
    const all = ['10.1.2.3', '172.16.0.1', '192.168.1.1', '127.0.0.1', '::1', 'fd00::1', 'fe80::1', '100.64.0.1']
    expect(all.map(isPrivate)).toEqual(all.map(() => true))
    expect(['203.0.113.7', '172.32.0.1', '2001:db8::1', 'x', null].map(isPrivate)).toEqual(Array(5).fill(false))
  })
})

describe('a proxy that the adapter was not told to trust', () => {
  const behind = { peer: '10.0.0.1', headers: { 'x-forwarded-for': '203.0.113.7' } }

  test('limits nobody, because all clients would share one limit, and is reported once', async () => {
    const limiter = limiterOf(0)
    const world = worldOf({ badTokens: limiter })
    for (let i = 0; i < 3; i++) expect(await world.forge(behind)).toBe(null)
    expect(limiter.calls).toEqual([])
    expect(world.eventsOf('finding').map(({ finding }) => finding)).toEqual(['proxy-hides-clients'])
  })

  test('may connect over a Unix socket, which has no address', async () => {
    const limiter = limiterOf(0)
    const world = worldOf({ badTokens: limiter })
    for (let i = 0; i < 3; i++) expect(await world.forge({ ...behind, peer: null })).toBe(null)
    expect(limiter.calls).toEqual([])
    expect(world.eventsOf('finding')).toHaveLength(1)
  })

  test('is not one that is trusted: its header names the client, who may be in a private network too', async () => {
    const limiter = limiterOf(100)
    const headers = { 'x-forwarded-for': '192.168.1.5' }
    await worldOf({ badTokens: limiter }).forge({ peer: '192.168.1.5', headers })
    expect(limiter.calls).toEqual(['badTokens:192.168.1.5/32'])
  })

  test('a header alone does not free a client on the Internet from its limit', async () => {
    const world = worldOf({ badTokens: limiterOf(0) })
    expect(await world.forge({ headers: { 'x-forwarded-for': '10.0.0.1' } })).toMatchObject({ status: 429 })
  })
})

describe('a limiter that is down', () => {
  const down = () => {
    const limiter = limiterOf(100)
    limiter.fail = new Error('connect ECONNREFUSED')
    return limiter
  }

  test('is not shown to clients as too many requests, and is reported', async () => {
    const limiter = down()
    const world = worldOf({ badTokens: limiter })
    for (let i = 0; i < 10; i++) expect(await world.forge()).toBe(null)
    expect(world.eventsOf('fault').map(({ operation }) => operation)).toEqual(['guard rate-limits'])
    // It is left alone for a second, so that a flood does not reach it either.
    expect(limiter.calls).toHaveLength(1)
    world.clock.advance(1000)
    limiter.fail = null
    await world.forge()
    expect(limiter.calls).toHaveLength(2)
  })

  test('refuses clients without a session if whenDown is deny, and never those with one', async () => {
    const limiter = limiterOf(100)
    const world = worldOf({ creation: limiter, badTokens: limiter, whenDown: 'deny' })
    const user = world.client()
    await user.send((session) => session.login('ada'))
    limiter.fail = new Error('connect ECONNREFUSED')
    expect(await rejection(world.forge())).toMatchObject({ code: 'ERR_GUARD', status: 503 })
    expect(await rejection(world.visit())).toMatchObject({ code: 'ERR_GUARD' })
    expect((await user.send(look)).value.userId).toBe('ada')
  })

  test('is asked again if the clock is set back', async () => {
    const limiter = down()
    const world = worldOf({ badTokens: limiter, whenDown: 'deny' })
    expect(await rejection(world.forge())).toMatchObject({ code: 'ERR_GUARD' })
    world.clock.advance(-HOUR)
    limiter.fail = null
    expect(await world.forge()).toBe(null)
    expect(limiter.calls).toHaveLength(2)
  })

  test('and fails in the background is reported at the next request', async () => {
    const world = worldOf({ creation: down() })
    await world.create()
    expect(await world.visit()).toBe(null)
    expect(world.eventsOf('fault')).toHaveLength(1)
  })

  test('and never answers holds no request for longer than its time', async () => {
    const limiter: RateLimiter = { consume: () => new Promise(() => {}) }
    const world = worldOf({ badTokens: limiter, timeout: 5 })
    expect(await world.forge()).toBe(null)
    expect(world.eventsOf('fault')).toHaveLength(1)
  })

  test('and throws at once is a failure like any other', async () => {
    const limiter: RateLimiter = {
      consume() {
        throw new Error('Client is closed')
      },
    }
    expect(await worldOf({ badTokens: limiter }).forge()).toBe(null)
  })
})

describe('the default rates', () => {
  const limiters = () => ({
    creation: new RateLimiterMemory(defaultRates.creation),
    badTokens: new RateLimiterMemory(defaultRates.badTokens),
  })

  test('let a thousand people behind one address come at once, each with a visit and a login', async () => {
    const world = worldOf(limiters())
    for (let i = 0; i < 1000; i++) {
      const client = world.client()
      const { answer } = await client.open()
      expect(answer).toBe(null)
      await client.send(edit({ cart: 1 }))
      await client.send((session) => session.login(`user-${i}`))
    }
    expect(world.eventsOf('denied')).toEqual([])
  })

  test('let them log in again after the keys or the store were lost, with twenty requests each', async () => {
    const world = worldOf(limiters())
    for (let i = 0; i < 20_000; i++) await world.forge()
    expect(world.eventsOf('denied')).toEqual([])
    expect((await world.forge())?.status).toBe(429)
  })
})

describe('limiters that share a prefix, or are one', () => {
  test('count sessions and bad tokens apart', async () => {
    const limiter = limiterOf(2)
    const world = worldOf({ creation: limiter, badTokens: limiter })
    await world.forge()
    await world.create()
    expect(new Set(limiter.calls).size).toBe(2)
  })
})

describe('a union of limiters, which rejects with the rejections of all', () => {
  const unionOf = (...limiters: RateLimiterMemory[]) => new RateLimiterUnion(...limiters)

  test('limits, until the last of them lets the network through', async () => {
    const short = new RateLimiterMemory({ keyPrefix: 'short', points: 1, duration: 60 })
    const long = new RateLimiterMemory({ keyPrefix: 'long', points: 1, duration: 3600 })
    const world = worldOf({ badTokens: unionOf(short, long) })
    expect(await world.forge()).toBe(null)
    expect(await world.forge()).toMatchObject({ status: 429, headers: { 'retry-after': '3600' } })
    expect(world.eventsOf('fault')).toEqual([])
  })

  test('fails if one of them fails', async () => {
    const broken = new RateLimiterMemory({ keyPrefix: 'broken', points: 1, duration: 60 })
    broken.consume = () => Promise.reject(new Error('connect ECONNREFUSED'))
    const full = new RateLimiterMemory({ keyPrefix: 'full', points: 0, duration: 60 })
    const world = worldOf({ badTokens: unionOf(broken, full) })
    expect(await world.forge()).toBe(null)
    expect(world.eventsOf('fault')).toHaveLength(1)
  })
})

describe('options that mean nothing', () => {
  test.each<[string, RateLimitsOptions]>([
    ['no limiter', {}],
    ['no limiter of the library', { creation: {} as RateLimiter }],
    ['too few bits', { badTokens: limiterOf(1), ipv4Bits: 0 }],
    ['too many bits', { badTokens: limiterOf(1), ipv6Bits: 128 }],
    ['no time', { badTokens: limiterOf(1), timeout: 0 }],
  ])('are refused: %s', (_, options) => {
    expect(() => rateLimits(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

describe.skipIf(isLeftOut)('two servers that share a limiter in Redis', async () => {
  if (isLeftOut) return
  const server = await startRedis()
  const clients = [new Redis(server.port), new Redis(server.port)]
  afterAll(async () => {
    for (const client of clients) client.disconnect()
    await server.stop()
  })

  test('count together, and each stops asking Redis once the network is blocked', async () => {
    const events: SessionEvent[] = []
    const nodes = clients.map((storeClient) => {
      const badTokens = new RateLimiterRedis({ storeClient, ...defaultRates.badTokens, points: 10, duration: 60 })
      const sessions = createSessions({ store: memoryStore(), keys: KEYS, guards: [rateLimits({ badTokens })] })
      sessions.on('*', (event) => void events.push(event))
      return sessions
    })
    const statuses: (number | undefined)[] = []
    for (let i = 0; i < 30; i++) {
      const cookie = forgedCookie()
      const view = {
        method: 'GET',
        url: '/',
        secure: true,
        peer: '203.0.113.7',
        header: (name: string) => (name === 'cookie' ? cookie : null),
      }
      const exchange = await nodes[i % 2]?.open(view)
      statuses.push(exchange?.answer?.status)
    }
    expect(statuses).toEqual([...Array(10).fill(undefined), ...Array(20).fill(429)])
    const [keys] = await Promise.all([clients[0]?.keys('*')])
    const counted = Number(await clients[0]?.get(keys?.[0] ?? ''))
    expect([keys?.length, counted]).toEqual([1, 12])
    expect(events.filter(({ type }) => type === 'fault')).toEqual([])
  })
})
