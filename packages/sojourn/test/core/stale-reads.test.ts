import type { SessionId, SessionRecord, Sessions, Store, Tombstone } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { ERA_ID } from '../../src/core/request/eras.ts'
import {
  createClient,
  createWorld,
  HOUR,
  look,
  MINUTE,
  setCookiesOf,
  stayFor,
  type TestData,
  type World,
} from './kit.ts'

interface StaleNode {
  readonly sessions: Sessions<TestData>
  /** From now on, reads there answer with what is stored now. */
  fall(id: SessionId): Promise<void>
  /** The number of fresh reads. */
  looks(): number
}

/** Another server, whose near cache has not heard of what happened since it fell behind. */
function staleNode(world: World<TestData>): StaleNode {
  const known = new Map<SessionId, SessionRecord | Tombstone | null>()
  const { store } = world
  let looks = 0
  const stale: Store = {
    ...store,
    read: (id) => (known.has(id) ? (known.get(id) ?? null) : store.read(id)),
    readNow(id) {
      if (id !== ERA_ID) looks++
      return store.read(id)
    },
  }
  return {
    looks: () => looks,
    sessions: world.node({ store: stale }),
    fall: async (id) => void known.set(id, await world.kept(id)),
  }
}

async function loggedIn() {
  const world = createWorld<TestData>()
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const { value: id } = await client.send((session) => session.id)
  const node = staleNode(world)
  const elsewhere = createClient(node.sessions)
  return { world, client, id, node, elsewhere }
}

describe('a server whose reads are a moment behind', () => {
  it('does not take a token for a copy of an old one, that another server gave out just now', async () => {
    const { world, client, id, node, elsewhere } = await loggedIn()
    await node.fall(id)
    await client.send((session) => session.rotate())
    const { value } = await elsewhere.send(look, { cookie: client.cookie() })
    expect(value).toMatchObject({ userId: 'ada', refused: null })
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('hands out no successor of a token that another server has rotated away: it would take the place of the newer', async () => {
    const { world, client, id, node, elsewhere } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    world.clock.advance(MINUTE)
    const before = client.cookie()
    // The renewal starts, and its answer is lost: the client continues with the old token.
    await (await client.open()).commit()
    await node.fall(id)
    const late = await elsewhere.open({ cookie: before })
    await client.send((session) => session.rotate(), { cookie: before })
    expect(setCookiesOf(await late.commit())).toEqual([])
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })

  it('asks for the newest record only where a token of a known session is refused', async () => {
    const { client, id, node, elsewhere } = await loggedIn()
    const before = client.cookie()
    await node.fall(id)
    for (const cookie of [before, `__Host-session=${'A'.repeat(54)}`]) await elsewhere.send(look, { cookie })
    expect(node.looks()).toBe(0)
    await client.send((session) => session.rotate())
    await elsewhere.send(look, { cookie: client.cookie() })
    expect(node.looks()).toBe(1)
  })
})
