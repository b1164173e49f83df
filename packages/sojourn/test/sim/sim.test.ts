import type { Crowd } from '@sojourn/conformance'
import { memoryStore, type Store } from 'sojourn'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FAIR_BUS, FOUL_BUS } from './network-bus.ts'
import { FAIR, FOUL } from './network-store.ts'
import { MAX_STALE_MS, SHORT_LIMITS, type Simulation, simulate } from './simulate.ts'

/** `SIM_SEED` runs one world again, `SIM_RUNS` says how many there are of each kind. */
const { SIM_SEED, SIM_RUNS = '2' } = process.env

const WORLDS: readonly (readonly [name: string, world: Omit<Simulation, 'seed'>])[] = [
  ['a network that is only slow', { weather: FAIR }],
  ['a network that loses calls and answers', { weather: FOUL }],
  ['near caches', { weather: FAIR, bus: FAIR_BUS }],
  ['sessions that renew and expire', { weather: FAIR, shortLived: true }],
  [
    'sessions that renew and expire, near caches, and a bus that breaks',
    { weather: FAIR, bus: FOUL_BUS, shortLived: true },
  ],
  ['near caches, a bus that breaks, and a network that loses calls', { weather: FOUL, bus: FOUL_BUS }],
]

const seeds = (): number[] => {
  if (SIM_SEED !== undefined) return [Number(SIM_SEED)]
  return Array.from({ length: Number(SIM_RUNS) }, () => Math.floor(Math.random() * 2 ** 31))
}

/** Histories of two runs have different ids: those are random whatever the seed. */
function withoutIds({ history }: Crowd): unknown[] {
  return [...history.sessions.values()]
}

// Core measures the age of what it knows of `endAll` by two clocks. The real one must not decide, or a seed would not repeat a run.
beforeEach(() => void vi.spyOn(performance, 'now').mockReturnValue(0))
afterEach(() => void vi.restoreAllMocks())

describe('servers and clients in simulated time', () => {
  test.each(WORLDS)(
    'on %s: every answer can be explained',
    async (name, world) => {
      for (const seed of seeds()) {
        console.info(`simulation of '${name}': SIM_SEED=${seed}`)
        const crowd = await simulate({ ...world, seed })
        const stale = world.bus === undefined ? 0 : MAX_STALE_MS
        expect(crowd.history.check({ stale, ...(world.shortLived && { expiry: SHORT_LIMITS }) })).toEqual([])
        expect(crowd.unexpected).toEqual([])
        if (world.weather === FAIR) expect(crowd.failures).toEqual([])
        else expect(crowd.failures.length).toBeGreaterThan(10)
      }
    },
    120_000,
  )

  test.each(WORLDS)(
    'on %s: the same seed is the same history',
    async (_, world) => {
      const run = () => simulate({ ...world, seed: 7, requests: 400 })
      expect(withoutIds(await run())).toEqual(withoutIds(await run()))
    },
    60_000,
  )

  test('a near cache shows what was true a moment ago: without that leniency it would be found out', async () => {
    const crowd = await simulate({ weather: FAIR, bus: FOUL_BUS, seed: 7 })
    expect(crowd.history.check({ stale: MAX_STALE_MS })).toEqual([])
    expect(crowd.history.check().length).toBeGreaterThan(0)
  })

  test('sessions do renew and expire there, and limits that are not kept would be found out', async () => {
    const inner = memoryStore()
    let renewals = 0
    const store: Store = {
      ...inner,
      write(id, change) {
        if (change.head?.renewal !== undefined) renewals++
        return inner.write(id, change)
      },
    }
    const { history } = await simulate({ weather: FAIR, shortLived: true, store, seed: 7 })
    expect(renewals).toBeGreaterThan(5)
    expect(history.check({ expiry: SHORT_LIMITS })).toEqual([])
    expect(history.check().length).toBeGreaterThan(5)
    const kindsBy = (limits: Partial<typeof SHORT_LIMITS>): string[] =>
      history.check({ expiry: { ...SHORT_LIMITS, ...limits } }).map(({ kind }) => kind)
    expect(kindsBy({ idle: 60_000 })).toContain('expired session open')
    expect(kindsBy({ absolute: 120_000 })).toContain('expired session open')
  })

  test('a late write that brings an ended session back is found', async () => {
    const crowd = await simulate({ weather: FAIR, store: revivingStore(), seed: 7 })
    expect(crowd.history.check().map(({ kind }) => kind)).toContain('ended session open')
  })
})

/** A save writes the whole session, whether it is still there or not, as many stores do. */
function revivingStore(): Store {
  let inner = memoryStore()
  const last = new Map<string, Parameters<Store['create']>[0]>()
  return {
    ...inner,
    async write(id, change) {
      const before = await inner.read(id)
      if (before?.kind === 'live') last.set(id, before)
      const record = last.get(id)
      if (before?.kind !== 'ended' || record === undefined) return inner.write(id, change)
      const others = inner
      inner = memoryStore()
      await inner.create(record)
      const written = await inner.write(id, change)
      inner = { ...others, read: (other) => (other === id ? record : others.read(other)) }
      return written
    },
    read: (id) => inner.read(id),
  }
}
