import type { SessionId } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { damage, damageableStore } from '../stores/damageable.ts'
import { createWorld, edit, HOUR, look, rejection } from './kit.ts'

/** Ada has two sessions, and nobody can read the first. */
async function withDamaged() {
  const store = damageableStore()
  const world = createWorld({ store })
  const [damaged, good] = [world.client(), world.client()]
  const ids: SessionId[] = []
  for (const client of [damaged, good]) {
    await client.send(async (session) => {
      await session.login('ada')
      ids.push(session.id)
    })
  }
  const [id, goodId] = ids as [SessionId, SessionId]
  damage(store, id)
  world.events.length = 0
  return { world, damaged, good, id, goodId }
}

describe('a session that cannot be read', () => {
  it('opens nothing: an error, and a fault for the operator', async () => {
    const { world, damaged } = await withDamaged()
    const error = await rejection(damaged.open())
    expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED', status: 500 })
    expect(world.events).toMatchObject([{ type: 'fault', operation: 'read', error }])
  })

  it('is in no list and no export, and hides no other session', async () => {
    const { world, good, goodId } = await withDamaged()
    expect((await world.sessions.list('ada')).map(({ id }) => id)).toEqual([goodId])
    expect((await world.sessions.export('ada')).sessions.map(({ id }) => id)).toEqual([goodId])
    expect((await good.send((session) => session.devices())).value.map(({ id }) => id)).toEqual([goodId])
  })

  it('can be ended by its id, once; the tombstone stays as long as any session can', async () => {
    const { world, id } = await withDamaged()
    expect(await Promise.all([world.sessions.revoke(id), world.sessions.revoke(id)])).toEqual([true, false])
    expect(world.eventsOf('ended')).toMatchObject([{ id, userId: null, reason: 'revoked' }])
    const kept = await world.kept(id)
    expect(kept).toMatchObject({ kind: 'ended', reason: 'revoked', expiresAt: world.clock() + 12 * HOUR })
    expect(await world.sessions.revoke(id)).toBe(false)
    expect(world.eventsOf('ended')).toHaveLength(1)
  })

  it.each(['revokeAll', 'erase'] as const)('ends with its user’s others, and is not counted (%s)', async (verb) => {
    const { world, id, goodId } = await withDamaged()
    expect(await world.sessions[verb]('ada')).toBe(1)
    const reason = verb === 'erase' ? 'erased' : 'revoked'
    const told = world.eventsOf('ended').map(({ id, userId, reason }) => ({ id, userId, reason }))
    expect(told).toHaveLength(2)
    expect(told).toEqual(expect.arrayContaining([id, goodId].map((each) => ({ id: each, userId: 'ada', reason }))))
    expect(await world.kept(id)).toMatchObject({ kind: 'ended' })
  })

  it('is replaced by a login of a request that could still read it', async () => {
    const store = damageableStore()
    const world = createWorld({ store })
    const client = world.client()
    await client.send(edit({ cart: ['lamp'] }))
    const { session, commit } = await client.open()
    damage(store, session.id)
    await session.login('ada')
    client.receive(await commit())
    expect((await client.send(look)).value).toEqual({ userId: 'ada', refused: null, data: { cart: ['lamp'] } })
  })

  it('is not taken for one when the store fails in another way', async () => {
    const { world, id } = await withDamaged()
    world.store.fail('read')
    expect(await rejection(world.sessions.revoke(id))).toMatchObject({ code: 'ERR_STORE' })
    expect(world.store.count('end')).toBe(0)
  })
})
