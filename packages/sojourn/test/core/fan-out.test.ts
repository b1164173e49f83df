import { describe, expect, it } from 'vitest'
import { createWorld, rejection, type World } from './kit.ts'

/** A store where ending takes a while, fails for some, and counts how many calls it has at once. */
function withSlowEnds(world: World<Record<string, unknown>>, fails: (call: number) => boolean = () => false) {
  const seen = { atOnce: 0, most: 0, calls: 0 }
  const { end } = world.store
  world.store.end = async (id, tombstone) => {
    const call = ++seen.calls
    seen.most = Math.max(seen.most, ++seen.atOnce)
    await Promise.resolve()
    seen.atOnce--
    if (fails(call)) throw new Error(`connection ${call} reset`)
    return end(id, tombstone)
  }
  return seen
}

async function withSessions(count: number) {
  const world = createWorld()
  const client = world.client()
  await client.send((session) => session.login('busy'))
  const now = world.clock()
  for (let i = 1; i < count; i++) {
    const id = String(i).padStart(21, '0').concat('A') as never
    const head = { secret: 's', secretAt: now }
    const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 1_000_000 }
    await world.store.create({ kind: 'live', id, userId: 'busy', version: 0, ...times, head, data: {} })
  }
  world.store.calls.length = 0
  return { world, client }
}

describe('a user with very many sessions', () => {
  it('all of 100 000 are ended, fifty at once', async () => {
    const { world } = await withSessions(100_000)
    const seen = withSlowEnds(world)
    expect(await world.sessions.revokeAll('busy')).toBe(100_000)
    expect(seen.most).toBe(50)
    expect(await world.sessions.list('busy')).toEqual([])
  }, 60_000)

  it.each<[string, (it: Awaited<ReturnType<typeof withSessions>>) => Promise<unknown>]>([
    ['revokeAll', ({ world }) => world.sessions.revokeAll('busy')],
    ['erase', ({ world }) => world.sessions.erase('busy')],
    ['revokeOthers', ({ client }) => client.send((session) => session.revokeOthers())],
    ['logout everywhere', ({ client }) => client.send((session) => session.logout({ everywhere: true }))],
  ])(
    '%s: a bounded number at once; an error keeps no other session alive, and is told with how many are left',
    async (_, verb) => {
      const it = await withSessions(1200)
      const seen = withSlowEnds(it.world, (call) => call % 100 === 0)
      const error = await rejection(verb(it))
      expect(error).toMatchObject({ name: 'SessionError', code: 'ERR_STORE', status: 503 })
      expect(error.message).toMatch(/1[12] of 1\d\d\d sessions may still be live/)
      expect(error.cause).toMatchObject({ code: 'ERR_STORE', cause: { message: 'connection 100 reset' } })
      expect(seen.most).toBe(50)
      expect((await it.world.sessions.list('busy')).length).toBeLessThan(14)
    },
  )

  it('a store that is down is not asked 100 000 times, each with its time limit', async () => {
    const { world } = await withSessions(5000)
    const seen = withSlowEnds(world, () => true)
    const error = await rejection(world.sessions.revokeAll('busy'))
    expect(error.message).toContain('5000 of 5000')
    expect(seen.calls).toBeLessThan(2 * 50)
  })
})
