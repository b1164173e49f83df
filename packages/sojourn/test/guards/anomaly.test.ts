import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { guardCases } from '@sojourn/conformance'
import { createSessions, memoryStore } from 'sojourn'
import { type AnomalyOptions, anomaly, type Place } from 'sojourn/guards/anomaly'
import { describe, expect, test } from 'vitest'
import {
  createWorld,
  edit,
  HOUR,
  look,
  MINUTE,
  type RequestOptions,
  rejection,
  type TestData,
  toView,
} from '../core/kit.ts'
import { testCases } from '../support/run-cases.ts'
import { agents } from './anomaly/agents.ts'

testCases('the contract of guards, anomaly', guardCases, { createGuard: () => anomaly({ locate }) })

const HOME = '198.51.100.7'
const HOME_V6 = '2001:db8:1:2:aaaa::1'
const MOBILE = '192.0.2.44'
const OFFICE_ABROAD = '203.0.113.90'
const SERVER = '100.24.0.9'
const RELAY = '172.224.10.1'
const OTHER_RELAY = '104.28.20.1'

const BERLIN = { country: 'DE', latitude: 52.5, longitude: 13.4, radiusKm: 20 }
const PLACES: Readonly<Record<string, Place>> = {
  [HOME]: { ...BERLIN, asn: 64500, kind: 'fixed' },
  [HOME_V6]: { ...BERLIN, asn: 64500, kind: 'fixed' },
  [MOBILE]: { ...BERLIN, radiusKm: 200, asn: 64501, kind: 'mobile' },
  [OFFICE_ABROAD]: { country: 'BR', latitude: -23.5, longitude: -46.6, radiusKm: 20, asn: 64502, kind: 'fixed' },
  [SERVER]: { country: 'US', latitude: 39, longitude: -77.5, radiusKm: 20, asn: 14618 },
  [RELAY]: { ...BERLIN, asn: 36183 },
  [OTHER_RELAY]: { ...BERLIN, asn: 13335 },
}
const locate = (address: string): Place | null => PLACES[address] ?? null

const CHROME: RequestOptions = { headers: { 'user-agent': agents.chromeWindows(142) } }
const by = (agent: string, peer = HOME): RequestOptions => ({ headers: { 'user-agent': agent }, peer })

async function worldOf(options: AnomalyOptions = { locate }) {
  const guard = anomaly(options)
  const world = createWorld<TestData>({ guards: [guard] })
  const owner = world.client()
  const home: RequestOptions = { ...CHROME, peer: HOME }
  await owner.send((session) => session.login('ada', { methods: ['pwd'] }), home)
  const id = (await owner.send((session) => session.id, home)).value
  const isTrusted = async (request = home) =>
    (await owner.send((session) => session.authenticatedWithin('12h'), request)).value
  /** A request of somebody who copied the owner's cookie. */
  const steal = async (request: RequestOptions) => {
    const exchange = await world.sessions.open(toView({ cookie: owner.cookie(), ...request }))
    const seen = { ...look(exchange.session), trusted: exchange.session.authenticatedWithin('12h') }
    await exchange.commit()
    return seen
  }
  const findings = () => world.eventsOf('finding').map(({ finding }) => finding)
  return { ...world, guard, owner, home, id, isTrusted, steal, findings }
}

describe('a copied cookie', () => {
  test('in another browser is reported and distrusted, and the owner proves their identity again', async () => {
    const world = await worldOf({})
    expect(await world.steal(by(agents.firefoxLinux(140)))).toMatchObject({ userId: 'ada', trusted: false })
    expect(world.eventsOf('finding')).toMatchObject([
      { guard: 'anomaly', id: world.id, userId: 'ada', finding: 'browser-changed', score: 0.75 },
    ])
    expect(await world.isTrusted()).toBe(false)
    await world.owner.send((session) => session.reauthenticated({ methods: ['pwd'] }), world.home)
    expect(await world.isTrusted()).toBe(true)
    expect(world.findings()).toEqual(['browser-changed'])
  })

  test('in the same browser on another system is reported', async () => {
    const world = await worldOf({})
    await world.steal(by(agents.chromeLinux(142)))
    expect(world.findings()).toEqual(['platform-changed'])
  })

  test('in a script is reported', async () => {
    for (const agent of [agents.python(2), agents.curl(8), agents.headless(142), '']) {
      const world = await worldOf({})
      expect((await world.steal(by(agent))).trusted).toBe(false)
      expect(world.eventsOf('finding')).toMatchObject([{ finding: 'browser-changed', score: 0.8 }])
    }
  })

  test('in an older version of the browser is reported, in a newer one when the owner comes back', async () => {
    const world = await worldOf({})
    await world.steal(by(agents.chromeWindows(139)))
    expect(world.findings()).toEqual(['browser-downgraded'])
    const other = await worldOf({})
    await other.steal(by(agents.chromeWindows(150)))
    expect(other.findings()).toEqual([])
    await other.owner.send(() => {}, other.home)
    expect(other.findings()).toEqual(['browser-downgraded'])
  })

  test('on another continent a minute later is impossible travel', async () => {
    const world = await worldOf()
    world.clock.advance(2 * MINUTE)
    expect((await world.steal({ ...CHROME, peer: OFFICE_ABROAD })).trusted).toBe(false)
    const [event] = world.eventsOf('finding')
    expect(event).toMatchObject({ finding: 'impossible-travel', score: 0.8 })
    expect(event?.message).toMatch(/from DE to BR within 2 minutes, at least \d{5} km away/)
  })

  test('in a data center is reported', async () => {
    const world = await worldOf()
    await world.steal({ ...CHROME, peer: SERVER })
    expect(world.eventsOf('finding')).toMatchObject([{ finding: 'network-kind-changed', score: 0.61 }])
    expect(await world.isTrusted()).toBe(true)
  })

  test('in a script in a data center has one finding, with all reasons', async () => {
    const world = await worldOf()
    await world.steal(by(agents.python(2), SERVER))
    const [event, ...others] = world.eventsOf('finding')
    expect(event).toMatchObject({ finding: 'browser-changed', score: 0.92 })
    expect(event?.message).toMatch(/a script.+rented servers.+travels/s)
    expect(others).toEqual([])
  })

  test('used at the same time as its owner, from another network, is reported', async () => {
    const world = await worldOf({ locate: (address) => ({ country: 'DE', asn: address === HOME ? 64500 : 64510 }) })
    for (let i = 0; i < 6; i++) {
      world.clock.advance(20_000)
      await world.owner.send(() => {}, world.home)
      world.clock.advance(20_000)
      await world.steal({ ...CHROME, peer: OFFICE_ABROAD })
    }
    expect(world.findings()).toContain('networks-at-once')
  })

  test('with the policy `end` ends the session', async () => {
    const world = await worldOf({ high: 'end' })
    expect(await world.steal(by(agents.firefoxLinux(140)))).toMatchObject({ userId: null, refused: 'ended' })
    expect(world.eventsOf('ended')).toMatchObject([{ id: world.id, reason: 'anomaly' }])
    expect((await world.owner.send(look, world.home)).value).toMatchObject({ userId: null, refused: 'ended' })
  })

  test('with the policy `ignore` or `notify` changes nothing', async () => {
    for (const high of ['ignore', 'notify'] as const) {
      const world = await worldOf({ high })
      expect((await world.steal(by(agents.firefoxLinux(140)))).trusted).toBe(true)
      expect(world.findings()).toEqual(high === 'notify' ? ['browser-changed'] : [])
    }
  })

  test('stays distrusted in each further request, also on another server', async () => {
    const world = await worldOf({})
    await world.steal(by(agents.firefoxLinux(140)))
    const other = world.node({ guards: [anomaly({})] })
    for (let i = 0; i < 3; i++) {
      const { session } = await other.open(toView({ cookie: world.owner.cookie(), ...by(agents.firefoxLinux(140)) }))
      expect(session.authenticatedWithin('12h')).toBe(false)
    }
    expect(world.findings()).toEqual(['browser-changed'])
  })
})

describe('an old token', () => {
  test('of a renewed session is reported, and the session that goes on is distrusted by the policy', async () => {
    const world = await worldOf({ medium: 'distrust' })
    const copied = world.owner.cookie()
    for (let i = 0; i < 4; i++) {
      world.clock.advance(20 * MINUTE)
      await world.owner.send(() => {}, world.home)
    }
    world.clock.advance(5 * MINUTE)
    await world.owner.send(() => {}, world.home)
    expect(await world.isTrusted()).toBe(true)
    await world.sessions.open(toView({ ...world.home, cookie: copied }))
    expect(world.eventsOf('finding')).toMatchObject([{ finding: 'token-reused', id: world.id, userId: 'ada' }])
    expect(await world.isTrusted()).toBe(false)
  })

  test('after a logout is reported once, and not while requests are on their way', async () => {
    const world = await worldOf({})
    const copied = world.owner.cookie()
    await world.owner.send((session) => session.logout(), world.home)
    const open = async () => (await world.sessions.open(toView({ ...world.home, cookie: copied }))).commit()
    world.clock.advance(MINUTE)
    await open()
    expect(world.findings()).toEqual([])
    world.clock.advance(2 * MINUTE)
    await open()
    await open()
    expect(world.eventsOf('finding')).toMatchObject([{ finding: 'used-after-logout', id: world.id, userId: null }])
  })

  test('of a session that was revoked is honest: its device was not asked', async () => {
    const world = await worldOf({})
    await world.sessions.revoke(world.id)
    world.clock.advance(HOUR)
    await world.owner.send(() => {}, world.home)
    expect(world.findings()).toEqual([])
  })

  test('that an attacker planted before the login (fixation) is reported when the attacker comes for it', async () => {
    const world = await worldOf({})
    const attacker = world.client()
    await attacker.send(edit({ cart: 1 }), by(agents.chromeLinux(142), SERVER))
    const victim = world.client()
    await victim.send((session) => session.login('bob'), { ...world.home, cookie: attacker.cookie() })
    world.clock.advance(10 * MINUTE)
    await attacker.send(() => {}, by(agents.chromeLinux(142), SERVER))
    expect(world.findings()).toEqual(['used-after-login'])
  })
})

describe('an anonymous session with the rights of a user', () => {
  test('that the application gave without a login is reported and refused', async () => {
    const world = await worldOf({})
    const visitor = world.client()
    await visitor.send(edit({ admin: true }), world.home)
    const denied = await rejection(visitor.send((session) => world.guard.privileged(session), world.home))
    expect(denied).toMatchObject({ code: 'ERR_DENIED' })
    expect(world.findings()).toEqual(['privileged-without-login'])
    await world.owner.send((session) => world.guard.privileged(session), world.home)
    expect(world.findings()).toEqual(['privileged-without-login'])
  })

  test('that other software gave in the store is reported', async () => {
    const world = await worldOf({})
    const visitor = world.client()
    const { value: id } = await visitor.send((session) => {
      session.data.cart = 1
      return session.id
    }, world.home)
    const record = await world.record(id)
    const { read } = world.store
    Object.assign(world.store, {
      read: (asked: string) => (asked === id ? { ...record, userId: 'ada' } : read.call(world.store, asked as never)),
    })
    await visitor.send(() => {}, world.home)
    expect(world.findings()).toEqual(['privileged-without-login'])
  })
})

describe('a network', () => {
  const cookie = (i: number) => `__Host-session=${`${i}_`.padEnd(54, 'A')}`

  test('that tries different tokens is reported; one with a single old cookie is not', async () => {
    const world = await worldOf({ probes: 20 })
    for (const old of [cookie(1), '__Host-session=old']) {
      for (let i = 0; i < 200; i++) await world.sessions.open(toView({ cookie: old, peer: MOBILE }))
    }
    expect(world.findings()).toEqual([])
    for (let i = 0; i < 45; i++) await world.sessions.open(toView({ cookie: cookie(i), peer: HOME }))
    expect(world.eventsOf('finding')).toMatchObject([
      { finding: 'ids-probed', score: 0.5 },
      { finding: 'ids-probed', score: 0.63 },
    ])
  })

  test('that begins many sessions is reported', async () => {
    const world = await worldOf({ creations: 10 })
    for (let i = 0; i < 12; i++) await world.client().send(edit({ cart: i }), { peer: MOBILE })
    expect(world.findings()).toEqual(['creation-burst'])
    for (let i = 0; i < 12; i++) await world.client().send((session) => session.login(`user ${i}`), { peer: SERVER })
    expect(world.findings()).toEqual(['creation-burst', 'creation-burst'])
  })

  test('that fails to log in often is reported', async () => {
    const world = await worldOf({ failures: 10 })
    for (let i = 0; i < 11; i++) await world.client().send((session) => world.guard.failed(session), { peer: MOBILE })
    expect(world.findings()).toEqual(['failure-burst'])
  })

  test('of a proxy that hides the clients, or of a Unix socket, counts for nothing', async () => {
    const world = await worldOf({ failures: 3, probes: 3, creations: 3 })
    const headers = { 'x-forwarded-for': MOBILE }
    for (const peer of ['10.0.0.7', null]) {
      for (let i = 0; i < 10; i++) {
        await world.client().send((session) => world.guard.failed(session), { peer, headers })
        await world.client().send(edit({ cart: i }), { peer, headers })
        await world.sessions.open(toView({ cookie: cookie(i), peer, headers }))
      }
    }
    expect(world.findings()).toEqual([])
  })

  test('that does so slowly is not', async () => {
    const world = await worldOf({ failures: 10 })
    for (let i = 0; i < 30; i++) {
      world.clock.advance(MINUTE)
      await world.client().send((session) => world.guard.failed(session), { peer: MOBILE })
    }
    expect(world.findings()).toEqual([])
  })
})

describe('an honest client stays quiet', () => {
  async function visits(requests: readonly RequestOptions[], options: AnomalyOptions = { locate, low: 'notify' }) {
    const world = await worldOf(options)
    for (const request of requests) {
      world.clock.advance(90_000)
      await world.owner.send(() => {}, request)
    }
    expect(world.findings()).toEqual([])
    expect(await world.isTrusted()).toBe(true)
    return world
  }
  const at = (peer: string) => ({ ...CHROME, peer })

  test('from Wi-Fi to mobile and back', () => visits([at(HOME), at(MOBILE), at(MOBILE), at(HOME), at(HOME)]))

  test('with an updated browser', () =>
    visits([by(agents.chromeWindows(143)), by(agents.chromeWindows(145)), by(agents.chromeWindows(145))]))

  test('with a new address of its IPv6 prefix, and with IPv4 and IPv6 in turn, with and without a look-up', async () => {
    const requests = [HOME, HOME_V6, '2001:db8:1:2:bbbb::9', HOME, HOME_V6, HOME, HOME_V6, HOME].map(at)
    const place = { ...BERLIN, asn: 64500 }
    await visits(requests, { locate: () => place, low: 'notify' })
    await visits(requests, { low: 'notify' })
  })

  test('behind iCloud Private Relay, whose addresses change all the time', () =>
    visits([at(RELAY), at(OTHER_RELAY), at(RELAY), at(HOME), at(OTHER_RELAY), at(RELAY)]))

  test('behind the proxies of a company, whose addresses take turns', async () => {
    const peers = Array.from({ length: 40 }, (_, i) => at(`198.51.100.${i % 7}`))
    await visits(peers, { low: 'notify' })
  })

  test('that opens its laptop in another country after a flight', async () => {
    const world = await worldOf({ locate, low: 'notify', ...{} })
    const remembered = world.client()
    await remembered.send((session) => session.login('eve', { absolute: '30d' }), world.home)
    world.clock.advance(14 * HOUR)
    await remembered.send(() => {}, at(OFFICE_ABROAD))
    expect(world.findings()).toEqual([])
  })

  test('that asks for the desktop site, notifies no one by default', async () => {
    const world = await worldOf({})
    const phone = world.client()
    await phone.send((session) => session.login('eve'), by(agents.safariIpad(18)))
    await phone.send(() => {}, by(agents.safariMac(18)))
    expect(world.findings()).toEqual([])
  })

  test('that is an app and shows a page in a web view', async () => {
    const world = await worldOf({ low: 'notify' })
    const app = world.client()
    await app.send((session) => session.login('eve'), by(agents.appIphone(3)))
    await app.send(() => {}, by(agents.safariIphone(18)))
    await app.send(() => {}, by(agents.appIphone(3)))
    expect(world.findings()).toEqual([])
  })

  test('that never sends a User-Agent', async () => {
    const world = createWorld<TestData>({ guards: [anomaly({ low: 'notify' })] })
    const client = world.client()
    await client.send((session) => session.login('eve'))
    await client.send(() => {})
    expect(world.eventsOf('finding')).toEqual([])
  })
})

describe('the note', () => {
  test('is written with the login and with changes, and not by requests that show nothing new', async () => {
    const world = await worldOf()
    const writes: unknown[] = []
    const { write } = world.store
    Object.assign(world.store, {
      write: (...args: Parameters<typeof write>) => {
        writes.push(args)
        return write(...args)
      },
    })
    for (let i = 0; i < 50; i++) await world.owner.send(() => {}, world.home)
    expect(writes).toEqual([])
    await world.owner.send(() => {}, { ...world.home, peer: MOBILE })
    expect(writes).toHaveLength(1)
    for (let i = 0; i < 50; i++) await world.owner.send(() => {}, { ...world.home, peer: MOBILE })
    expect(writes).toHaveLength(1)
  })

  test('is not written for each request of two clients that take turns', async () => {
    const world = await worldOf({})
    let writes = 0
    const { write } = world.store
    Object.assign(world.store, {
      write: (...args: Parameters<typeof write>) => {
        writes++
        return write(...args)
      },
    })
    for (let i = 0; i < 200; i++) {
      await world.owner.send(() => {}, world.home)
      await world.steal(by(agents.firefoxLinux(140), OFFICE_ABROAD))
    }
    expect(writes).toBeLessThan(20)
  })

  test('is not kept for anonymous sessions', async () => {
    const world = await worldOf()
    const visitor = world.client()
    const { value: id } = await visitor.send((session) => {
      session.data.cart = 1
      return session.id
    }, world.home)
    await visitor.send(() => {}, by(agents.firefoxLinux(140), MOBILE))
    expect(Object.keys((await world.record(id)).data)).toEqual(['cart'])
  })

  test('begins anew for a session from before the guard, and for one whose note another version wrote', async () => {
    const store = memoryStore()
    const world = createWorld<TestData>({ store })
    const client = world.client()
    await client.send((session) => session.login('ada'), CHROME)
    const guarded = world.node({ guards: [anomaly({ low: 'notify' })] })
    const open = async (request: RequestOptions) => {
      const exchange = await guarded.open(toView({ cookie: client.cookie(), ...request }))
      await exchange.commit()
    }
    await open(CHROME)
    await open(CHROME)
    expect(world.eventsOf('finding')).toEqual([])
    await open(by(agents.firefoxLinux(140), '203.0.113.7'))
    expect(world.eventsOf('finding')).toMatchObject([{ finding: 'browser-changed' }])
  })
})

describe('the look-up', () => {
  test('may answer late', async () => {
    const world = await worldOf({ locate: async (address) => locate(address) })
    world.clock.advance(2 * MINUTE)
    await world.steal({ ...CHROME, peer: OFFICE_ABROAD })
    expect(world.findings()).toEqual(['impossible-travel'])
  })

  test('is asked once for an address', async () => {
    const asked: string[] = []
    const world = await worldOf({
      locate: (address) => {
        asked.push(address)
        return locate(address)
      },
    })
    for (let i = 0; i < 10; i++) await world.owner.send(() => {}, world.home)
    expect(asked).toEqual([HOME])
  })

  test('may fail: users stay logged in, one fault is reported, and a copied cookie in another browser is still seen', async () => {
    for (const fail of [
      () => {
        throw new Error('no file')
      },
      async () => Promise.reject(new Error('no service')),
    ]) {
      const world = await worldOf({ locate: fail })
      for (let i = 0; i < 5; i++) {
        expect((await world.owner.send(look, world.home)).value.userId).toBe('ada')
      }
      expect(world.eventsOf('fault')).toHaveLength(1)
      await world.steal(by(agents.firefoxLinux(140)))
      expect(world.findings()).toEqual(['browser-changed'])
    }
  })

  test('blinded: a file that fails for the address of a thief still knows the addresses of others', async () => {
    const world = await worldOf({
      locate(address) {
        if (address === MOBILE) throw new RangeError('no such node')
        return locate(address)
      },
    })
    world.clock.advance(2 * MINUTE)
    for (let i = 0; i < 3; i++) await world.steal({ ...CHROME, peer: MOBILE })
    expect(world.eventsOf('fault')).toHaveLength(1)
    await world.steal({ ...CHROME, peer: OFFICE_ABROAD })
    expect(world.findings()).toEqual(['impossible-travel'])
  })

  test('gets an address and nothing else, however a client or a proxy writes it', async () => {
    const asked: string[] = []
    const world = await worldOf({ locate: (address) => void asked.push(address) })
    asked.length = 0
    const peers = ['::ffff:192.0.2.44', '192.0.2.45:4711', '[2001:db8::1]:443', '2001:DB8::2%eth0', 'dead', '1.2.3.999']
    for (const peer of [...peers, ':::::', '', '\0', 'x'.repeat(20_000), '__proto__']) {
      await world.owner.send(() => {}, { ...CHROME, peer })
    }
    expect(asked).toEqual(['192.0.2.44', '192.0.2.45', '2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:2'])
    expect(world.eventsOf('fault')).toEqual([])
  })

  test('may return nonsense', async () => {
    for (const nonsense of [
      { latitude: 'x' },
      { asn: -1 },
      { asn: 1e300 },
      { country: '\r\n' },
      { kind: 'x' },
      7,
      'DE',
      undefined,
    ]) {
      const world = await worldOf({ locate: () => nonsense as Place })
      for (let i = 0; i < 3; i++) await world.owner.send(() => {}, { ...world.home, peer: i % 2 ? HOME : MOBILE })
      expect(world.findings()).toEqual([])
      expect(world.eventsOf('fault')).toEqual([])
    }
  })
})

test.each<[what: string, attack: (header: string) => RequestOptions]>([
  ['user agents', (header) => by(header)],
  ['addresses, as adapters cut them out of X-Forwarded-For', (header) => by('', header.split(',').at(-1)?.trim())],
])('filled memory: what is remembered of 16 kB headers is small (%s)', async (_, attack) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // A look-up in an object would copy the address.
  const world = await worldOf({ locate: () => null })
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  for (let i = 0; i < 2000; i++) {
    // As a parser makes it from the bytes of the network.
    const address = `203.113.${100 + (i >> 8)}.${i & 255}`
    const header = Buffer.from(`${address} ${'x'.repeat(15_000)}, ${address}`).toString('latin1')
    await world.steal(attack(header))
    world.events.length = 0
  }
  expect((heap() - before) / 2 ** 20).toBeLessThan(10)
})

describe('options', () => {
  test.each([{ hight: 'end' }, { high: 'kill' }, { locate: {} }, { probes: 0 }, { within: 'soon' }, { failures: 1.5 }])(
    '%j are refused',
    (options) => {
      expect(() => anomaly(options as AnomalyOptions)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    },
  )

  test('handlers cannot report to a guard that is not in use', async () => {
    const { session } = await createSessions({ store: memoryStore() }).open(toView())
    expect(() => anomaly().failed(session)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
