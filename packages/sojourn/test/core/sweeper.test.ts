import { memoryStore } from 'sojourn'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createWorld, DAY, edit, MINUTE, rejection, toView } from './kit.ts'

async function fill(count: number) {
  const world = createWorld()
  for (let i = 0; i < count; i++) await world.client().send(edit({ i }))
  world.clock.advance(DAY)
  world.store.calls.length = 0
  return world
}

describe('sweep()', () => {
  it('deletes what has expired and nothing else, and says how many', async () => {
    const world = await fill(3)
    const client = world.client()
    await client.send(edit({ fresh: true }))
    expect(await world.sessions.sweep()).toBe(3)
    expect(await world.sessions.sweep()).toBe(0)
    expect((await client.send((session) => session.data.fresh)).value).toBe(true)
  })

  it('works in batches of 500, with requests in between', async () => {
    const world = await fill(1200)
    const turns: string[] = []
    const sweeping = world.sessions.sweep().then((swept) => turns.push(`swept ${swept}`))
    setTimeout(() => turns.push('request'), 0)
    await sweeping
    expect(turns).toEqual(['request', 'swept 1200'])
    expect(world.store.calls.map(({ operation, args }) => [operation, args[1]])).toEqual([
      ['sweep', 500],
      ['sweep', 500],
      ['sweep', 500],
    ])
  })

  it('asks once more after a batch that was full, and no more after one that was not', async () => {
    const world = await fill(500)
    expect(await world.sessions.sweep()).toBe(500)
    expect(world.store.count('sweep')).toBe(2)
  })

  it('is nothing on a store that expires by itself', async () => {
    const { sweep: _, ...store } = memoryStore()
    const world = createWorld()
    const sessions = world.node({ store })
    expect(await sessions.sweep()).toBe(0)
  })

  it('is a typed error when the store fails', async () => {
    const world = await fill(1)
    world.store.fail('sweep')
    expect(await rejection(world.sessions.sweep())).toMatchObject({ code: 'ERR_STORE' })
  })
})

describe('the background sweep', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('begins with the first request, once a minute', async () => {
    const world = createWorld()
    expect(vi.getTimerCount()).toBe(0)
    world.sessions.open(toView())
    world.sessions.open(toView())
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(MINUTE - 1)
    expect(world.store.count('sweep')).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(world.store.count('sweep')).toBe(1)
    await vi.advanceTimersByTimeAsync(2 * MINUTE)
    expect(world.store.count('sweep')).toBe(3)
  })

  it('does not keep the process alive', () => {
    vi.useRealTimers()
    const unref = vi.spyOn(Object.getPrototypeOf(setTimeout(() => {}, 0)), 'unref')
    const world = createWorld()
    world.sessions.open(toView())
    expect(unref).toHaveBeenCalledTimes(1)
    unref.mockRestore()
    return world.sessions.close()
  })

  it('continues after a sweep that failed', async () => {
    const world = createWorld()
    world.sessions.open(toView())
    world.store.fail('sweep')
    await vi.advanceTimersByTimeAsync(2 * MINUTE)
    expect(world.store.count('sweep')).toBe(2)
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'sweep' }])
  })

  it('stops when the sessions are closed, in the middle of a sweep too', async () => {
    const world = await fillFake()
    world.sessions.open(toView())
    const gate = world.store.hold('sweep')
    await vi.advanceTimersByTimeAsync(MINUTE)
    await gate.reached
    await world.sessions.close()
    gate.release()
    await vi.advanceTimersByTimeAsync(10 * MINUTE)
    expect(world.store.count('sweep')).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not begin on a store that expires by itself', () => {
    const { sweep: _, ...store } = memoryStore()
    const sessions = createWorld().node({ store })
    sessions.open(toView())
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves no timer where timers cannot be told to let the process end', () => {
    const numbers = vi.spyOn(globalThis, 'setTimeout').mockReturnValue(7 as never)
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    const world = createWorld()
    world.sessions.open(toView())
    world.sessions.open(toView())
    expect(numbers).toHaveBeenCalledTimes(1)
    expect(cleared).toHaveBeenCalledWith(7)
    numbers.mockRestore()
    cleared.mockRestore()
  })

  async function fillFake() {
    const world = createWorld()
    await world.client().send(edit({ a: 1 }))
    return world
  }
})
