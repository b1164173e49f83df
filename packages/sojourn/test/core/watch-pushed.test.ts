import { memoryStore, type SessionId, type Store } from 'sojourn'
import { type Bus, memoryBus } from 'sojourn/buses/memory'
import { nearCache } from 'sojourn/stores/near-cache'
import { resilientStore } from 'sojourn/stores/resilient'
import { writeBehind } from 'sojourn/stores/write-behind'
import { describe, expect, it, vi } from 'vitest'
import { createWorld, DAY, type TestData } from './kit.ts'
import { hookStore } from './kit-store.ts'
import { login, round, useRounds } from './kit-watch.ts'

useRounds()
const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** Two processes, each with a near cache of its own, and one bus. */
function twoNodes(bus: Bus = memoryBus(), wrap: (store: Store) => Store = (store) => store) {
  const shared = hookStore(memoryStore())
  const world = createWorld<TestData>({ store: wrap(nearCache(shared, { bus })) })
  const elsewhere = world.node({ store: nearCache(shared, { bus }) })
  return { world, elsewhere, shared }
}

/** The store, and what makes it report changes as a bus would. */
function reports(store: Store): { reporting: Store; report: (ids: readonly SessionId[]) => void } {
  const listeners = new Set<(ids: readonly SessionId[]) => void>()
  return {
    reporting: {
      ...store,
      watch(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    report(ids) {
      for (const listener of listeners) listener(ids)
    },
  }
}

/** A session that another process watches, through a store whose reports the test makes. */
async function watched() {
  const store = memoryStore()
  const hooked = hookStore(store)
  const world = createWorld<TestData>({ store })
  const { reporting, report } = reports(hooked)
  const heard: string[] = []
  const id = await login(world)
  world.node({ store: reporting }).watch(id, (reason) => heard.push(reason))
  return { world, hooked, report, id, heard }
}

describe('watch with a bus', () => {
  it.each<[string, (store: Store) => Store]>([
    ['a near cache', (store) => store],
    ['write-behind around it', (store) => writeBehind(store)],
    ['a circuit breaker around it', (store) => resilientStore(store)],
  ])('1 Ended is ended: hears of an end elsewhere without waiting for a round, through %s', async (_, wrap) => {
    const { world, elsewhere } = twoNodes(memoryBus(), wrap)
    const heard: string[] = []
    const id = await login(world)
    elsewhere.watch(id, (reason) => heard.push(`there ${reason}`))
    const other = await login(world)
    await world.sessions.revoke(other)
    await turns()
    expect(heard).toEqual([])
    await world.sessions.revoke(id, 'stolen')
    await turns()
    expect(heard).toEqual(['there stolen'])
  })

  it('hears of ends among many more sessions than a round reads', async () => {
    const store = memoryStore()
    const world = createWorld<TestData>({ store })
    const { reporting, report } = reports(store)
    const watching = world.node({ store: reporting })
    const heard: string[] = []
    const ids = await Promise.all(Array.from({ length: 1500 }, () => login(world)))
    for (const id of ids) watching.watch(id, () => heard.push(id))
    const last = ids.at(-1) as SessionId
    await world.sessions.revoke(last)
    report([last])
    await turns()
    expect(heard).toEqual([last])
  })

  it('falls back to asking when the bus loses the message, and hears of expiry', async () => {
    const deaf: Bus = { ...memoryBus(), publish() {} }
    const { world, elsewhere } = twoNodes(deaf)
    const heard: string[] = []
    const ids = [await login(world), await login(world)] as const
    for (const id of ids) elsewhere.watch(id, (reason) => heard.push(reason))
    await world.sessions.revoke(ids[0])
    await turns()
    expect(heard).toEqual([])
    await round()
    await round()
    expect(heard).toEqual(['revoked'])
    world.clock.advance(DAY)
    await round()
    expect(heard).toEqual(['revoked', 'expired'])
  })

  it('a change that is no end is read once at a time, and reports nothing', async () => {
    const { world, hooked, report, id, heard } = await watched()
    hooked.calls.length = 0
    const gate = hooked.hold('read')
    for (let i = 0; i < 100; i++) report([id, 'A'.repeat(22) as SessionId])
    await gate.reached
    expect(hooked.count('read')).toBe(1)
    await world.sessions.revoke(id)
    report([id])
    gate.release()
    await turns()
    expect(hooked.count('read')).toBeLessThanOrEqual(2)
    expect(heard).toEqual(['revoked'])
  })

  it('a read that fails leaves it to the next round', async () => {
    const { world, hooked, report, id, heard } = await watched()
    await world.sessions.revoke(id)
    hooked.fail('read')
    report([id])
    await turns()
    expect(heard).toEqual([])
    await round()
    expect(heard).toEqual(['revoked'])
  })

  it('close stops listening', async () => {
    const store = memoryStore()
    const stop = vi.fn()
    const world = createWorld<TestData>({ store: { ...store, watch: () => stop } })
    const node = world.node({ store: { ...store, watch: () => stop } })
    node.watch(await login(world), () => {})
    await node.close()
    expect(stop).toHaveBeenCalledOnce()
  })
})
