import { once, type Sessions } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, DAY, edit, rejection, type TestData } from './kit.ts'

async function allOf(sessions: Sessions<TestData>, limit?: number): Promise<(string | null)[]> {
  const users: (string | null)[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await sessions.scan(cursor, limit)
    users.push(...page.sessions.map(({ userId }) => userId))
    cursor = page.next
  }
  return users.sort()
}

describe('scan', () => {
  it.each([undefined, 1, 2, 1000])('pages through every live session, and nothing else (limit %s)', async (limit) => {
    const world = createWorld()
    for (const user of ['ada', 'bob', 'eve']) await world.client().send((session) => session.login(user))
    await world.client().send(edit({ a: 1 }))
    await once(world.store, 'ticket', world.clock() + DAY, world.clock)
    await world.sessions.revokeAll('eve')
    expect(await allOf(world.sessions, limit)).toEqual(['ada', 'bob', null])
    world.clock.advance(DAY)
    expect(await allOf(world.sessions, limit)).toEqual([])
  })

  it('shows no token, no data and no hash', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(async (session) => {
      edit({ note: 'private' })(session)
      await session.login('ada')
    })
    const text = JSON.stringify(await world.sessions.scan())
    const { head } = await world.record((await world.sessions.list('ada'))[0]?.id ?? ('' as never))
    for (const secret of ['private', client.token() ?? '', head.secret]) expect(text).not.toContain(secret)
  })

  it('of all() reads the sessions again in each loop', async () => {
    const world = createWorld()
    await world.client().send((session) => session.login('ada'))
    const all = world.sessions.all()
    const loop = async (): Promise<(string | null)[]> => {
      const users: (string | null)[] = []
      for await (const { userId } of all) users.push(userId)
      return users.sort()
    }
    expect([await loop(), await loop()]).toEqual([['ada'], ['ada']])
    await world.client().send((session) => session.login('bob'))
    expect(await Promise.all([loop(), loop()])).toEqual([
      ['ada', 'bob'],
      ['ada', 'bob'],
    ])
  })

  it('rejects if the store cannot enumerate', async () => {
    const world = createWorld()
    const { scan: _, ...store } = world.store
    expect(await rejection(world.node({ store }).scan())).toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })

  it.each([0, -1, 1.5, 1001, Number.NaN])('refuses a limit of %s', async (limit) => {
    expect(await rejection(createWorld().sessions.scan(null, limit))).toMatchObject({ code: 'ERR_OPTION' })
  })
})
