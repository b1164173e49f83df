import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, MINUTE, SECOND } from './kit.ts'
import { at } from './kit-end-all.ts'

/** A user who is logged in, and a server of the same store whose clock is wrong. */
async function besideAClock(aheadMs: number) {
  const world = createWorld()
  const client = world.client()
  const { value: id } = await client.send(async (session) => {
    await session.login('ada')
    return session.id
  })
  const wrong = world.node({ clock: () => world.clock() + aheadMs })
  const state = async (sessions: typeof wrong) => {
    const { session } = await at(sessions, client).open()
    return session.refused ?? session.userId
  }
  return { world, client, id, wrong, atWrong: () => state(wrong), atRight: () => state(world.sessions) }
}

/** What the page about several processes says. */
describe('one server whose clock is wrong', () => {
  it.each([5 * SECOND, -5 * SECOND])('by %d ms: nothing happens', async (ms) => {
    const { atWrong, atRight } = await besideAClock(ms)
    expect([await atWrong(), await atRight()]).toEqual(['ada', 'ada'])
  })

  it('ahead by ten minutes: a session that it serves lives that much longer, and was last seen in the future', async () => {
    const { world, client, id, wrong, atRight } = await besideAClock(10 * MINUTE)
    await at(wrong, client).send(() => {})
    const { lastSeenAt } = await world.record(id)
    expect(lastSeenAt).toBe(world.clock() + 10 * MINUTE)
    world.clock.advance(40 * MINUTE - 1)
    expect(await atRight()).toBe('ada')
    world.clock.advance(1)
    expect(await atRight()).toBe('expired')
  })

  it('ahead by more than the grace: a request with the token from before a renewal elsewhere counts as reuse', async () => {
    for (const [aheadMs, expected] of [
      [MINUTE, 'ada'],
      [3 * MINUTE, 'reused'],
    ] as const) {
      const { world, client, wrong } = await besideAClock(aheadMs)
      for (let i = 0; i < 4; i++) {
        world.clock.advance(16 * MINUTE)
        if (i < 3) await client.send(() => {})
      }
      const early = new Map(client.jar)
      await client.send(() => {})
      expect(client.jar).not.toEqual(early)
      // The browser uses the new token, so the renewal is confirmed.
      await client.send(edit({ a: 1 }))
      const late = at(wrong, client)
      for (const [name, value] of early) late.jar.set(name, value)
      const { session } = await late.open()
      expect(session.refused ?? session.userId).toBe(expected)
      expect(world.eventsOf('reuse')).toHaveLength(expected === 'ada' ? 0 : 1)
    }
  })

  it('ahead by more than the idle limit: it refuses a session in use, and its sweep deletes the record', async () => {
    const { world, id, wrong, atWrong, atRight } = await besideAClock(31 * MINUTE)
    expect([await atWrong(), await atRight()]).toEqual(['expired', 'ada'])
    await wrong.sweep()
    expect(await world.kept(id)).toBeNull()
    expect(await atRight()).toBe('unknown')
  })

  it('behind by an hour: it accepts a session for as long after its end', async () => {
    const { world, atWrong, atRight } = await besideAClock(-HOUR)
    world.clock.advance(90 * MINUTE - 1)
    expect([await atWrong(), await atRight()]).toEqual(['ada', 'expired'])
    world.clock.advance(1)
    expect(await atWrong()).toBe('expired')
  })
})
