import { memoryStore, type SessionId } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { nearCache } from '../../src/stores/around/near-cache.ts'
import { fakeBus } from '../stores/wrappers/fake-bus.ts'
import { createTime } from '../stores/wrappers/time.ts'
import {
  createClient,
  createWorld,
  edit,
  HOUR,
  look,
  MINUTE,
  stayFor,
  type TestData,
  type WorldOptions,
} from './kit.ts'

/** A session whose token was renewed, and an old token of it whose grace is over. */
async function renewed(options: WorldOptions<TestData> = {}) {
  const world = createWorld<TestData>(options)
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const old = client.cookie()
  await stayFor(world, client, HOUR)
  await client.send(() => {})
  // The secret before is forgotten with the first request after its grace.
  world.clock.advance(5 * MINUTE)
  const { value: id } = await client.send((session): SessionId => session.id)
  return { world, client, id, old }
}

describe('6 Two clocks: a use of the session is not lost to what another request changed meanwhile', () => {
  it('a touch that meets the mark of an old token', async () => {
    const { world, client, old } = await renewed()
    world.clock.advance(28 * MINUTE)
    const slow = await client.open()
    expect((await world.client().send(look, { cookie: old })).value.refused).toBe('reused')
    await slow.commit()
    world.clock.advance(10 * MINUTE)
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })

  it('a touch beside edits, which are stored too', async () => {
    const { world, client, old } = await renewed()
    world.clock.advance(28 * MINUTE)
    const slow = await client.open()
    edit({ cart: 1 })(slow.session)
    await world.client().send(look, { cookie: old })
    await slow.commit()
    world.clock.advance(10 * MINUTE)
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { cart: 1 } })
  })

  it('a touch from a server whose near cache has not heard of the change', async () => {
    const store = memoryStore()
    const { world, client, id, old } = await renewed({ store })
    const { timing } = createTime()
    const cache = nearCache(store, { bus: fakeBus(), timing })
    const elsewhere = createClient(world.node({ store: cache }))
    world.clock.advance(28 * MINUTE)
    await cache.read(id)
    await world.client().send(look, { cookie: old })
    expect((await elsewhere.send(look, { cookie: client.cookie() })).value.userId).toBe('ada')
    world.clock.advance(10 * MINUTE)
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })
})
