import { memoryStore, SessionError, type SessionId, type SessionRecord, type Store, type Tombstone } from 'sojourn'
import { describe, expect, it, vi } from 'vitest'
import { createWorld, DAY, MINUTE } from './kit.ts'
import { login, round, useRounds } from './kit-watch.ts'

useRounds()

describe('watch', () => {
  it('1 Ended is ended: a socket hears at once of a logout in this process, once, with the reason', async () => {
    const world = createWorld()
    const heard: string[] = []
    const id = await login(world)
    const other = await login(world)
    world.sessions.watch(id, (reason) => heard.push(reason))
    await world.sessions.revoke(other)
    expect(heard).toEqual([])
    await world.sessions.revoke(id, 'stolen')
    expect(heard).toEqual(['stolen'])
    await round()
    expect(heard).toEqual(['stolen'])
  })

  it('hears within a second of an end by another process, and of expiry', async () => {
    const world = createWorld()
    const elsewhere = world.node()
    const heard: string[] = []
    const ids = [await login(world), await login(world)]
    for (const id of ids) world.sessions.watch(id, (reason) => heard.push(reason))
    await elsewhere.revoke(ids[0] ?? '')
    await round()
    expect(heard).toEqual(['revoked'])
    world.clock.advance(DAY)
    await round()
    expect(heard).toEqual(['revoked', 'expired'])
    await world.store.sweep(world.clock(), 100)
  })

  it('a listener that was stopped hears nothing, also if another one stopped it while the end is reported', async () => {
    const world = createWorld()
    const id = await login(world)
    const heard: string[] = []
    const stops: (() => void)[] = []
    stops.push(
      world.sessions.watch(id, () => {
        heard.push('first')
        for (const stop of stops) stop()
        world.sessions.watch(id, () => heard.push('later'))
        stops[0]?.()
      }),
    )
    stops.push(world.sessions.watch(id, () => heard.push('second')))
    world.sessions.watch(id, () => heard.push('third'))
    await world.sessions.revoke(id)
    expect(heard).toEqual(['first', 'third'])
    await round()
    expect(heard).toEqual(['first', 'third', 'later'])
  })

  it('each stops for itself, and nothing is asked when nobody watches', async () => {
    const world = createWorld()
    const heard: string[] = []
    const id = await login(world)
    const listener = (): void => void heard.push('one')
    const stop = world.sessions.watch(id, listener)
    const stopOther = world.sessions.watch(id, listener)
    stop()
    stop()
    await world.sessions.revoke(id)
    expect(heard).toEqual(['one'])
    stopOther()
    world.store.calls.length = 0
    await round()
    await round()
    expect(world.store.calls).toEqual([])
    expect(vi.getTimerCount()).toBe(1) // the sweep's
  })

  it('costs at most 100 reads a second, and passes nobody over', async () => {
    const world = createWorld()
    const heard: string[] = []
    const ids = await Promise.all(Array.from({ length: 140 }, () => login(world)))
    for (const id of ids) world.sessions.watch(id, () => heard.push(id))
    await world.node().revokeAll('ada')
    world.store.calls.length = 0
    await round()
    expect(world.store.count('read')).toBe(100)
    await round()
    expect(new Set(heard).size).toBe(140)
    expect(world.store.count('read')).toBe(140)
  })

  it('an outage ends no session; a record that cannot be read keeps no other waiting', async () => {
    const world = createWorld()
    const heard: string[] = []
    const ids = [await login(world), await login(world)]
    for (const id of ids) world.sessions.watch(id, (reason) => heard.push(reason))
    await world.node().revoke(ids[1] ?? '')
    world.store.fail('read', { times: 2 })
    await round()
    expect(heard).toEqual([])
    world.store.fail('read', { error: new SessionError('ERR_RECORD_DAMAGED') })
    await round()
    expect(heard).toEqual(['revoked'])
  })

  it('one shard of the store is down: ends of the sessions on the others are heard', async () => {
    const inner = memoryStore()
    const down = new Set<string>()
    const read = (id: SessionId): ReturnType<Store['read']> => {
      if (down.has(id)) throw new Error('CLUSTERDOWN')
      return inner.read(id)
    }
    const world = createWorld({ store: { ...inner, read } })
    const heard: string[] = []
    const ids = [await login(world), await login(world), await login(world)]
    for (const id of ids) world.sessions.watch(id, () => heard.push(id))
    await world.node().revoke(ids[2] ?? '')
    down.add(ids[1] ?? '')
    await round()
    expect(heard).toEqual([ids[2]])
  })

  it('a store that is down is asked a few times in each round, not for every session', async () => {
    const world = createWorld()
    const ids = await Promise.all(Array.from({ length: 50 }, () => login(world)))
    for (const id of ids) world.sessions.watch(id, () => {})
    world.store.calls.length = 0
    world.store.fail('read', { times: 50 })
    await round()
    expect(world.store.count('read')).toBeLessThan(10)
  })

  it('a cached record from before the last request on another server ends no watch', async () => {
    const inner = memoryStore()
    const cached = new Map<SessionId, SessionRecord | Tombstone | null>()
    const read = (id: SessionId): SessionRecord | Tombstone | null =>
      cached.get(id) ?? (inner.read(id) as SessionRecord | null)
    const world = createWorld({ store: inner })
    const here = world.node({ store: { ...inner, read, readNow: (id) => inner.read(id) } })
    const heard: string[] = []
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const id = (await world.sessions.list('ada'))[0]?.id as SessionId
    here.watch(id, (reason) => heard.push(reason))
    const old = await world.record(id)
    world.clock.advance(29 * MINUTE)
    await client.send(() => {})
    cached.set(id, old)
    world.clock.advance(2 * MINUTE)
    await round()
    expect(heard).toEqual([])
  })

  it('a listener that rejects is a fault, and does not end the process', async () => {
    const world = createWorld()
    const id = await login(world)
    world.sessions.watch(id, () => Promise.reject(new Error('listener')))
    await world.sessions.revoke(id)
    await Promise.resolve()
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'listener of watch' }])
  })

  it('after close it throws', async () => {
    const world = createWorld()
    const id = await login(world)
    await world.sessions.close()
    expect(() => world.sessions.watch(id, () => {})).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  })

  it('a listener that throws is a fault, and the others hear', async () => {
    const world = createWorld()
    const heard: string[] = []
    const id = await login(world)
    world.sessions.watch(id, () => {
      throw new Error('listener')
    })
    world.sessions.watch(id, (reason) => heard.push(reason))
    await world.sessions.revoke(id)
    expect(heard).toEqual(['revoked'])
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'listener of watch' }])
  })

  it('close stops the timer', async () => {
    const world = createWorld()
    world.sessions.watch(await login(world), () => {})
    await world.sessions.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})
