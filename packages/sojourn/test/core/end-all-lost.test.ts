import { memoryStore, type Store } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { ERA_ID } from '../../src/core/request/eras.ts'
import { createWorld, edit, HOUR, rejection } from './kit.ts'
import { at, endAll, login, pass, useTime, WAIT, whoIs } from './kit-end-all.ts'

useTime()

/** A store that cannot enumerate, so only the marker ends sessions, and that can lose the marker, as one that evicts keys does. */
function losingStore(): Store & { lose(): void } {
  const { scan: _, ...inner } = memoryStore()
  return {
    ...inner,
    lose() {
      inner.end(ERA_ID, { kind: 'ended', id: ERA_ID, reason: 'evicted', endedAt: 0, expiresAt: 0 })
      inner.sweep?.(0, 1)
      expect(inner.read(ERA_ID)).toBeNull()
    },
  }
}

describe('1 Ended is ended: endAll, after the store lost its marker', () => {
  it('a script that has seen no era ends the sessions that began after an earlier endAll', async () => {
    const store = losingStore()
    const world = createWorld()
    const server = world.node({ store })
    await endAll(world, server)
    const ada = await login(server)
    await ada.send(edit({ cart: ['tea'] }))
    store.lose()
    await endAll(world, world.node({ store }))
    expect(await whoIs(at(world.node({ store }), ada))).toBe('ended')
    expect(await whoIs(at(server, ada))).toBe('ended')
    expect(await whoIs(await login(server, 'bob'))).toBe('bob')
  })

  it('a server that knows the era stores it again, so servers that start later agree with it', async () => {
    const store = losingStore()
    const world = createWorld()
    const old = world.node({ store })
    const eve = await login(old, 'eve')
    await endAll(world, old)
    const ada = await login(old)
    store.lose()
    await pass(world, WAIT)
    expect(await whoIs(at(old, ada))).toBe('ada')
    const fresh = world.node({ store })
    const bob = await login(fresh, 'bob')
    for (const sessions of [old, fresh]) {
      expect(await whoIs(at(sessions, eve))).toBe('ended')
      expect(await whoIs(at(sessions, ada))).toBe('ada')
      expect(await whoIs(at(sessions, bob))).toBe('bob')
    }
  })

  it('a backup from before, restored below a running server: what has ended stays ended everywhere', async () => {
    const { scan: _, ...store } = memoryStore()
    const world = createWorld()
    const old = world.node({ store })
    await endAll(world, old)
    const backup = store.read(ERA_ID)
    const ada = await login(old)
    await pass(world, HOUR / 4)
    await endAll(world, old)
    if (!backup || backup instanceof Promise || backup.kind === 'ended') throw new Error('no marker')
    await store.write(ERA_ID, { set: backup.data })
    expect(await whoIs(at(world.node({ store }), ada)), 'the store says so').toBe('ada')
    await pass(world, WAIT)
    expect(await whoIs(at(old, ada))).toBe('ended')
    expect(await whoIs(at(world.node({ store }), ada))).toBe('ended')
  })

  it('a marker that was lost and stored again while endAll waited: a server may have read that there is none', async () => {
    const store = losingStore()
    const world = createWorld()
    const one = world.node({ store })
    const ada = await login(one)
    const done = one.endAll()
    done.catch(() => {})
    await pass(world, 1_200)
    store.lose()
    const unaware = world.node({ store })
    expect(await whoIs(at(unaware, ada)), 'relies on that for two seconds').toBe('ada')
    expect(await whoIs(at(one, ada)), 'stores it again').toBe('ended')
    expect(store.read(ERA_ID)).not.toBeNull()
    await pass(world, WAIT)
    expect((await rejection(done)).message).toContain('Call endAll again')
    await endAll(world, one)
    for (const sessions of [one, unaware]) expect(await whoIs(at(sessions, ada))).toBe('ended')
  })

  it('a clock that is behind begins a later era all the same', async () => {
    const store = losingStore()
    const world = createWorld()
    const one = world.node({ store })
    await endAll(world, one)
    const ada = await login(one)
    await endAll(world, world.node({ store, clock: () => world.clock() - 24 * HOUR }))
    expect(await whoIs(at(one, ada))).toBe('ended')
  })
})

describe('a marker that is damaged', () => {
  it('requests, endAll and the health check fail, until it is deleted', async () => {
    const store = losingStore()
    const world = createWorld()
    const server = world.node({ store })
    const ada = await login(server)
    await endAll(world, server)
    await store.write(ERA_ID, { set: { era: 'x' } })
    const script = world.node({ store })
    const damaged = { code: 'ERR_RECORD_DAMAGED' }
    expect(await rejection(at(script, ada).open())).toMatchObject(damaged)
    expect(await rejection(script.endAll())).toMatchObject(damaged)
    expect(await rejection(script.setup())).toMatchObject(damaged)
    expect(await script.health()).toMatchObject({ ok: false, ...damaged })
    store.lose()
    await endAll(world, script)
    expect(await script.health()).toMatchObject({ ok: true })
    expect(await whoIs(at(script, ada))).toBe('ended')
  })
})

describe('1 Ended is ended: sessions that the application ended for the reason "login"', () => {
  it.each([
    ['revoke', (sessions, id) => sessions.revoke(id, 'login')],
    ['revokeAll', (sessions) => sessions.revokeAll('ada', { reason: 'login' })],
    ['endAll', (sessions) => sessions.endAll({ reason: 'login' })],
  ] satisfies [string, (sessions: ReturnType<typeof createWorld>['sessions'], id: string) => Promise<unknown>][])(
    '%s refuses it, because a slow request could then log in again without proof',
    async (_, end) => {
      const { sessions } = createWorld()
      const ada = await login(sessions)
      const { session } = await ada.open()
      const error = await rejection(end(sessions, session.id))
      expect(error).toMatchObject({ code: 'ERR_OPTION', message: expect.stringContaining('reason') })
      expect(await whoIs(ada)).toBe('ada')
    },
  )
})
