import fc from 'fast-check'
import type { Guard } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, setCookiesOf, type TestData } from './kit.ts'

/** A client with flash values that nobody has read yet. */
async function withNotes(names: readonly string[], options = {}) {
  const world = createWorld<TestData>(options)
  const client = world.client()
  await client.send(({ flash }) => {
    for (const name of names) flash.set(name, 'old')
  })
  const take = async (name: string) => (await client.send(({ flash }) => flash.take(name))).value
  return { world, client, take }
}

describe.each([
  ['plain', {}],
  ['sealed', { sealed: true }],
])('a flash value that a parallel request sets after another one was taken (%s)', (_, options) => {
  it('stays for the next request', async () => {
    const { client, take } = await withNotes(['note'], options)
    const { session, commit } = await client.open()
    expect(session.flash.take('note')).toBe('old')
    await client.send(({ flash }) => flash.set('note', 'new'))
    await commit()
    expect(session.flash.take('note')).toBeUndefined()
    expect(await take('note')).toBe('new')
    expect(await take('note')).toBeUndefined()
  })

  it('stays beside data that the same request edits, and that is stored', async () => {
    const { client, take } = await withNotes(['note'], options)
    const { session, commit } = await client.open()
    session.flash.take('note')
    Object.assign(session.data, { step: 1 })
    await client.send(({ flash }) => flash.set('note', 'new'))
    await commit()
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ step: 1 })
    expect(await take('note')).toBe('new')
  })

  it('stays, and the others that were taken are removed', async () => {
    const { client, take } = await withNotes(['a', 'b', 'c'], options)
    const { session, commit } = await client.open()
    for (const name of ['a', 'b', 'c']) session.flash.take(name)
    await client.send(({ flash }) => flash.set('b', 'new'))
    await commit()
    expect([await take('a'), await take('b'), await take('c')]).toEqual([undefined, 'new', undefined])
  })

  it('stays if it is set while the response is being stored', async () => {
    const { world, client, take } = await withNotes(['a', 'b'], options)
    const { session, commit } = await client.open()
    for (const name of ['a', 'b']) session.flash.take(name)
    const gate = world.store.hold('write')
    const committing = commit()
    await gate.reached
    await client.send(({ flash }) => {
      flash.set('a', 'new')
      flash.set('b', 'new')
    })
    gate.release()
    await committing
    expect([await take('a'), await take('b')]).toEqual(['new', 'new'])
  })

  it('stays if the request learned of it by an update that had to be repeated', async () => {
    const { client, take } = await withNotes(['note'], options)
    const { session, commit } = await client.open()
    await session.update('n', () => 0)
    await client.send(async (other) => {
      other.flash.set('note', 'new')
      await other.update('n', () => 5)
    })
    await session.update('n', (n) => Number(n) + 1)
    expect(session.flash.take('note')).toBe('old')
    await commit()
    expect((await client.send(({ data }) => data.n)).value).toBe(6)
    expect(await take('note')).toBe('new')
  })

  it('stays if the request logs in', async () => {
    const { client, take } = await withNotes(['note', 'other'], options)
    const { session, commit } = await client.open()
    session.flash.take('note')
    session.flash.take('other')
    await client.send(({ flash }) => flash.set('note', 'new'))
    await session.login('ada')
    client.receive(await commit())
    expect([await take('note'), await take('other')]).toEqual(['new', undefined])
  })

  it('stays beside the note of a guard', async () => {
    const guard = { name: 'counter', opened: ({ note }: { note: string | null }) => ({ note: `${note ?? ''}1` }) }
    const { client, take } = await withNotes(['note'], { ...options, guards: [guard] })
    const { session, commit } = await client.open()
    session.flash.take('note')
    await client.send(({ flash }) => flash.set('note', 'new'))
    await commit()
    expect(await take('note')).toBe('new')
  })

  it('stays if it is set while the note of a guard is being stored', async () => {
    const guard: Guard = { name: 'marker', opened: ({ view }) => (view.url === '/mark' ? { note: 'seen' } : null) }
    const { world, client, take } = await withNotes(['note'], { ...options, guards: [guard] })
    const { session, commit } = await client.open({ url: '/mark' })
    session.flash.take('note')
    const gate = world.store.hold('write')
    const committing = commit()
    await gate.reached
    await client.send(({ flash }) => flash.set('note', 'new'))
    gate.release()
    await committing
    expect(await take('note')).toBe('new')
  })

  it('does not come back if another request took the same one', async () => {
    const { client, take } = await withNotes(['note'], options)
    const { session, commit } = await client.open()
    session.flash.take('note')
    expect(await take('note')).toBe('old')
    await commit()
    expect(await take('note')).toBeUndefined()
  })
})

describe('the writes of taken flash values', () => {
  it('are one with the other edits of the request, and one more for each further value', async () => {
    const { world, client } = await withNotes(['a', 'b'])
    await client.send(({ flash }) => flash.set('c', 'old'))
    world.store.calls.length = 0
    await client.send((session) => {
      session.flash.take('a')
      edit({ step: 1 })(session)
    })
    expect(world.store.count('write')).toBe(1)
    await client.send(({ flash }) => [flash.take('b'), flash.take('c')])
    expect(world.store.count('write')).toBe(3)
  })

  it('report one refusal if the session has ended', async () => {
    const { world, client } = await withNotes(['a', 'b'])
    const { session, commit, finish } = await client.open()
    for (const name of ['a', 'b']) session.flash.take(name)
    await world.sessions.revoke(session.id)
    expect(setCookiesOf(await commit())).toEqual([])
    await finish()
    expect(world.eventsOf('refused')).toHaveLength(1)
  })
})

it('in any order of takes and sets, each value is shown once, unless a later one replaced it', async () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b'),
    request: fc.integer({ min: 0, max: 2 }),
    isSet: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
      async (steps, order) => {
        const { client, take } = await withNotes(['a', 'b'])
        const requests = await Promise.all([0, 1, 2].map(() => client.open()))
        // What must be there afterwards: the value of the last request to commit that set one, if none has taken that since.
        const setBy = requests.map(() => new Map<string, number>())
        for (const [value, { name, request, isSet }] of steps.entries()) {
          const { flash } = requests[request]?.session ?? {}
          if (isSet) {
            flash?.set(name, value)
            setBy[request]?.set(name, value)
          } else {
            flash?.take(name)
            setBy[request]?.delete(name)
          }
        }
        for (const request of order) await requests[request]?.commit()
        for (const name of ['a', 'b']) {
          const last = order.flatMap((request) => setBy[request]?.get(name) ?? []).at(-1)
          const left = await take(name)
          if (last === undefined) expect([undefined, 'old']).toContain(left)
          else expect(left).toBe(last)
        }
      },
    ),
    { numRuns: 100 },
  )
})
