import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { SessionId } from '../../src/core/contracts/record.ts'
import type { Store, StoreEvent } from '../../src/core/contracts/store.ts'
import { createSessions } from '../../src/create-sessions.ts'
import type { Bus } from '../../src/stores/around/near-cache/bus.ts'
import { type NearCache, nearCache } from '../../src/stores/around/near-cache.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createClient as createVisitor } from '../core/kit.ts'
import { anId, aRecord, aTombstone } from '../stores/records.ts'
import type { Running } from '../support/servers/program.ts'

/** A real server, and what a test needs of it. */
export interface BusServer {
  readonly server: Pick<Running, 'pause' | 'resume' | 'kill' | 'stop'>
  /** Starts it again where it was. */
  restart(): Promise<void>
  /** A bus as another process would have it. Its connections are closed at the end of the test. */
  newBus(): Promise<Bus>
  /** Anything at all, sent to all nodes by somebody else. */
  shout(message: string): Promise<unknown>
  closeClients(): Promise<void>
}

const MAX_STALE = 1000
/** For a machine that has other things to do. */
const SLACK = 2000

async function until(what: string, isSo: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<number> {
  const began = performance.now()
  while (!(await isSo())) {
    if (performance.now() - began > timeoutMs) throw new Error(`never: ${what}`)
    await sleep(2)
  }
  return performance.now() - began
}

/** A store that answers later, so that what the cache answers can be told from it. */
function sharedStore(): Store {
  const store = memoryStore()
  return {
    ...store,
    read: async (id) => store.read(id),
    write: async (id, change) => store.write(id, change),
    end: async (id, tombstone) => store.end(id, tombstone),
  }
}

/** Whether it is read from memory now: nearly always after the first read, if the link is up. */
function isCached(cache: NearCache, id: SessionId): boolean {
  const answer = cache.read(id)
  if (answer instanceof Promise) answer.catch(() => undefined)
  return !(answer instanceof Promise)
}

export function testBus(name: string, start: () => Promise<BusServer>, { publishes = true } = {}): void {
  describe(`${name}, on a real server`, () => {
    let real: BusServer
    const caches: NearCache[] = []
    beforeAll(async () => {
      real = await start()
    }, 60_000)
    afterEach(async () => {
      await Promise.all(caches.splice(0).map((cache) => cache.close()))
      await real.closeClients()
    })
    afterAll(() => real.server.stop())

    async function listen(bus: Bus): Promise<{ heard: SessionId[]; stop: () => unknown }> {
      const heard: SessionId[] = []
      const stop = bus.subscribe({ changed: (ids) => heard.push(...ids), lost: () => undefined })
      await bus.probe()
      return { heard, stop }
    }

    /** Two nodes on one store, both with a link that is up. */
    async function twoNodes(store = sharedStore()): Promise<[NearCache, NearCache, StoreEvent[]]> {
      const events: StoreEvent[] = []
      for (let i = 0; i < 2; i++) {
        const cache = nearCache(store, { bus: await real.newBus(), maxStale: MAX_STALE })
        cache.observe?.((event) => events.push(event))
        caches.push(cache)
      }
      const [one, two] = caches.slice(-2) as [NearCache, NearCache]
      await until('both links are up', async () => (await isUp(one)) && (await isUp(two)))
      events.length = 0
      return [one, two, events]
    }

    async function isUp(cache: NearCache): Promise<boolean> {
      const record = aRecord()
      await cache.create(record)
      await cache.read(record.id)
      return isCached(cache, record.id)
    }

    test('1 Ended is ended: a watched session that another node ends is reported long before the next round', async () => {
      const [one, two] = await twoNodes()
      const [here, there] = [createSessions({ store: one }), createSessions({ store: two })]
      const visitor = createVisitor(there)
      await visitor.send((session) => session.login('ada'))
      const { value: id } = await visitor.send((session) => session.id)
      const heard: string[] = []
      here.watch(id, (reason) => heard.push(reason))
      await visitor.send((session) => session.update('x', () => 1))
      await there.revoke(id, 'stolen')
      await until('the end is heard', () => heard.length > 0, 3000)
      expect(heard).toEqual(['stolen'])
    })

    if (publishes) {
      test('every other node hears what one node publishes, and that node does not', async () => {
        const buses = [await real.newBus(), await real.newBus(), await real.newBus()] as const
        const [one, two, three] = await Promise.all(buses.map(listen))
        const ids = Array.from({ length: 1000 }, anId)
        await Promise.all(ids.map((id) => buses[0].publish([id])))
        await Promise.all(buses.map((bus) => bus.probe()))
        await until('all have arrived', () => two?.heard.length === 1000 && three?.heard.length === 1000)
        expect(new Set(two?.heard)).toEqual(new Set(ids))
        expect(new Set(three?.heard)).toEqual(new Set(ids))
        expect(one?.heard).toEqual([])
        await Promise.all([one, two, three].map((each) => each?.stop()))
      }, 30_000)

      test('a change in flight when the last listener left opens no new connection, and rejects', async () => {
        const bus = await real.newBus()
        const { stop } = await listen(bus)
        await stop()
        await expect(bus.publish([anId()])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
        const again = await listen(bus)
        await bus.publish([anId()])
        await again.stop()
      })

      test('hostile messages are ignored, and what comes after them is heard', async () => {
        const [bus, other] = [await real.newBus(), await real.newBus()]
        const { heard, stop } = await listen(bus)
        const { stop: stopOther } = await listen(other)
        const id = anId()
        for (const message of [
          '',
          ' ',
          'x',
          ',',
          `x ${'a'.repeat(65)}`,
          '{"ids":["a"]}',
          'x a,,b',
          '\u{1f600} a',
          `${'n'.repeat(70)} a`,
          'x a\nb',
        ])
          await real.shout(message)
        await other.publish([id])
        await until('the good one arrived', () => heard.length > 0)
        expect(heard).toEqual([id])
        await Promise.all([stop(), stopOther()])
      }, 30_000)
    }

    test('1 Ended is ended: an end on one node is seen on the other, by message and not by age', async () => {
      const [one, two] = await twoNodes()
      const delays: number[] = []
      for (let round = 0; round < 30; round++) {
        const record = aRecord()
        await one.create(record)
        await two.read(record.id)
        await until('it is cached on the other node', () => isCached(two, record.id))
        await one.end(record.id, aTombstone(record))
        const began = performance.now()
        await until('the end is seen', async () => (await two.read(record.id))?.kind === 'ended')
        delays.push(performance.now() - began)
      }
      delays.sort((a, b) => a - b)
      expect(delays[29]).toBeLessThan(MAX_STALE + SLACK)
    }, 60_000)

    test('a paused bus: caches stop caching, nothing is older than maxStale, and caching resumes with the bus', async () => {
      const store = sharedStore()
      const [one, two, events] = await twoNodes(store)
      const record = aRecord()
      await one.create(record)
      await two.read(record.id)
      real.server.pause()
      try {
        const ended = performance.now()
        // Past every cache, and without a message: the worst that can happen.
        await store.end(record.id, aTombstone(record))
        await until('the end is seen', async () => (await two.read(record.id))?.kind === 'ended')
        expect(performance.now() - ended).toBeLessThan(MAX_STALE + SLACK)
        await until('the link is known to be down', async () => {
          await two.read(anId())
          return events.some(({ kind }) => kind === 'link-down')
        })
        const other = aRecord()
        await store.create(other)
        await two.read(other.id)
        expect(isCached(two, other.id), 'stepped aside').toBe(false)
      } finally {
        real.server.resume()
      }
      await until('the link is up again', () => isUp(two))
      await until('and of the other', () => isUp(one))
    }, 60_000)

    test('a bus that dies: no request fails for it, and when it is back, so are the caches', async () => {
      const store = sharedStore()
      const [one, two] = await twoNodes(store)
      const record = aRecord()
      await one.create(record)
      await two.read(record.id)
      await real.server.kill()
      await one.end(record.id, aTombstone(record))
      const took = await until('the end is seen', async () => (await two.read(record.id))?.kind === 'ended')
      expect(took).toBeLessThan(MAX_STALE + SLACK)
      await real.restart()
      await until('the links are up again', async () => (await isUp(one)) && (await isUp(two)))
      const second = aRecord()
      await one.create(second)
      await two.read(second.id)
      await one.write(second.id, { set: { n: '1' } })
      await until('messages arrive again', async () => {
        const kept = await two.read(second.id)
        return kept?.kind === 'live' && kept.data.n === '1'
      })
    }, 60_000)
  })
}
