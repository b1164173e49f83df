import type { Session, SessionId } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, rejection, stayFor, type TestData } from './kit.ts'

async function loggedIn() {
  const world = createWorld()
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const { value: id } = await client.send((session) => session.id)
  return { world, client, id }
}

/** Every write loses against another one. */
function loseEveryWrite(world: Awaited<ReturnType<typeof loggedIn>>['world'], id: SessionId): () => number {
  let writes = 0
  const lose = async () => {
    writes++
    world.store.replace('write', lose)
    return { status: 'conflict', record: await world.record(id) }
  }
  world.store.replace('write', lose)
  return () => writes
}

describe('a store that answers "conflict" without end does not keep a request for ever', () => {
  it.each<[string, (session: Session<TestData>) => Promise<unknown>]>([
    ['rotate', (session) => session.rotate()],
    ['reauthenticated', (session) => session.reauthenticated()],
    ['update', (session) => session.update('n', () => 1)],
  ])('%s gives up', async (_, verb) => {
    const { world, client, id } = await loggedIn()
    const { session } = await client.open()
    const writes = loseEveryWrite(world, id)
    expect(await rejection(verb(session))).toMatchObject({ code: 'ERR_CONTENTION', status: 503 })
    expect(writes()).toBe(100)
  })

  it('a commit with a renewal gives up', async () => {
    const { world, client, id } = await loggedIn()
    await stayFor(world, client, HOUR)
    const { session, commit } = await client.open()
    const writes = loseEveryWrite(world, id)
    edit({ n: 1 })(session)
    expect(await rejection(async () => commit())).toMatchObject({ code: 'ERR_CONTENTION' })
    expect(writes()).toBe(100)
  })
})
