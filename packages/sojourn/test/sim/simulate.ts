import { type Crowd, createCrowd, createRandom } from '@sojourn/conformance'
import { memoryStore, type Store } from 'sojourn'
import { nearCache } from '../../src/stores/around/near-cache.ts'
import { type BusWeather, networkBus } from './network-bus.ts'
import { networkStore, type Weather } from './network-store.ts'
import { type VirtualTime, virtualTime } from './virtual-time.ts'

export interface Simulation {
  readonly seed: number
  readonly weather: Weather
  /** With a near cache on each server, on a bus of this weather. */
  readonly bus?: BusWeather
  /** The store behind it all. Default memory. */
  readonly store?: Store
  /** Sessions that live short, so that limits, renewals and graces matter; clients then take their time. */
  readonly shortLived?: boolean
  readonly servers?: number
  readonly requests?: number
}

/** How long a server may show a session that another server has ended: the near cache's `maxStale`. */
export const MAX_STALE_MS = 1_000

/** A request takes a second at most where nothing is lost, so nobody is too late for a grace. */
const SHORT = { idle: '90s', absolute: '8m', renew: '1m', grace: '20s', touch: '5s' } as const

/** The same, for the judgement of the history. */
export const SHORT_LIMITS = { idle: 90_000, absolute: 480_000, touch: 5_000 }

const START = Date.UTC(2030, 0, 1)

/** Clients and servers in a world whose time and chances come from one number: the same number, the same world. */
export async function simulate(simulation: Simulation): Promise<Crowd> {
  const { seed, requests = 1_500, shortLived = false } = simulation
  const time = virtualTime()
  const crowd = createCrowd({
    stores: serversOf(simulation, time),
    clients: 24,
    ...(shortLived ? { tabs: 2, pauseMs: 45_000, oldTokens: false } : { pauseMs: 60 }),
    seed,
    now: time.now,
    sleep: time.sleep,
    sessions: { clock: () => START + time.now(), ...(shortLived && { timeouts: SHORT }) },
  })
  while (crowd.answers.length < requests) await time.drive(time.sleep(500))
  await time.drive(crowd.stop())
  // A near cache may be behind for so long.
  await time.drive(time.sleep(MAX_STALE_MS))
  await time.drive(crowd.audit())
  return crowd
}

function serversOf(simulation: Simulation, time: VirtualTime): [Store, ...Store[]] {
  const { seed, weather, bus, store = memoryStore(), servers = 3 } = simulation
  const random = createRandom(seed + 1)
  const timing = { wall: () => START + time.now(), uptime: time.now, after: time.after, random }
  const newBus = bus && networkBus(bus, time, random)

  function newServer(): Store {
    const reached = networkStore(store, weather, time, random)
    return newBus === undefined ? reached : nearCache(reached, { bus: newBus(), maxStale: MAX_STALE_MS, timing })
  }
  return [newServer(), ...Array.from({ length: servers - 1 }, newServer)]
}
