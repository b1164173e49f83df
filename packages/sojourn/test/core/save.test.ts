import { describe, expect, it } from 'vitest'
import { createClient, createWorld, edit, HOUR, look, MINUTE, rejection, setCookiesOf, stayFor } from './kit.ts'

describe('save', () => {
  it('stores the edits now, in one write, and the request continues to edit', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session, commit } = await client.open()
    Object.assign(session.data, { a: 2, b: 2 })
    world.store.calls.length = 0
    await session.save()
    expect(world.store.count('write')).toBe(1)
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: 2, b: 2 })
    Object.assign(session.data, { b: 3 })
    await session.save()
    Object.assign(session.data, { c: 4 })
    await commit()
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: 2, b: 3, c: 4 })
  })

  it('2 No lost update: a nested edit that was saved, and undone afterwards in the same request', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ cart: { items: [1] } }))
    const { session, commit } = await client.open()
    const { items } = session.data.cart as { items: number[] }
    items.push(2)
    await session.save()
    items.pop()
    await commit()
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ cart: { items: [1] } })
  })

  it('a new session whose first write succeeded although the store reported a failure: the next attempt stores it', async () => {
    const world = createWorld()
    const client = world.client()
    const { session, commit } = await client.open()
    Object.assign(session.data, { a: 1 })
    world.store.fail('create', { when: 'after' })
    expect(await rejection(session.save())).toMatchObject({ code: 'ERR_STORE' })
    await session.save()
    client.receive(await commit())
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: 1 })
  })

  it('does nothing without edits', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session } = await client.open()
    world.store.calls.length = 0
    await session.save()
    expect(world.store.calls).toEqual([])
  })

  it('2 No lost update: keys that parallel requests wrote stay, and a rotation between does not stop it', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session } = await client.open()
    await client.send(async (other) => {
      edit({ b: 2 })(other)
      await other.rotate()
    })
    Object.assign(session.data, { c: 3 })
    await session.save()
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: 1, b: 2, c: 3 })
  })

  it('1 Ended is ended: after a revocation it rejects, stores nothing, and the response does not fail for it', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session, commit } = await client.open()
    await world.sessions.revokeAll('ada')
    Object.assign(session.data, { a: 1 })
    expect(await rejection(session.save())).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    expect(setCookiesOf(await commit())).toEqual([])
    expect((await client.send(({ userId }) => userId)).value).toBeNull()
  })

  it('6 Two clocks: after the limit it rejects', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session } = await client.open()
    world.clock.advance(HOUR)
    Object.assign(session.data, { a: 1 })
    expect(await rejection(session.save())).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })

  it('starts a session, whose token is sent with the response', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(async (session) => {
      edit({ a: 1 })(session)
      await session.save()
      expect(world.store.count('create')).toBe(1)
    })
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: 1 })
  })

  it('begins none for a client that was given a newer token, or after the response has begun', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const old = client.cookie()
    await client.send((session) => session.rotate())
    const late = await client.open({ cookie: old })
    edit({ a: 1 })(late.session)
    expect(await rejection(late.session.save())).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    const sent = await world.client().open()
    await sent.commit()
    edit({ a: 1 })(sent.session)
    expect(await rejection(sent.session.save())).toMatchObject({ code: 'ERR_HEADERS_SENT' })
  })

  it('keeps a flash value that was taken until the response is known to be none of an error', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.flash.set('note', 'hello'))
    const failed = await client.open()
    expect(failed.session.flash.take('note')).toBe('hello')
    edit({ a: 1 })(failed.session)
    await failed.session.save()
    await failed.commit(500)
    expect((await client.send((session) => session.flash.take('note'))).value).toBe('hello')
    expect((await client.send((session) => session.flash.take('note'))).value).toBeUndefined()
  })

  it('stores also when the store conflicts, fails once, or the edit came after the response', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session, commit, finish } = await client.open()
    edit({ b: 1 })(session)
    world.store.fail('write')
    expect(await rejection(session.save())).toMatchObject({ code: 'ERR_STORE' })
    await session.save()
    await commit()
    await finish()
    edit({ c: 1 })(session)
    await session.save()
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: 1, b: 1, c: 1 })
  })
})

describe('a renewal that save begins', () => {
  async function due(options: { readonly sealed?: boolean } = {}) {
    const world = createWorld(options)
    const client = world.client()
    await client.send((session) => session.login('ada'))
    await stayFor(world, client, 58 * MINUTE)
    world.clock.advance(3 * MINUTE)
    const { session, commit } = await client.open()
    Object.assign(session.data, { x: 1 })
    await session.save()
    return { ...world, client, session, commit }
  }

  it.each([false, true])('5 Fresh token: logs nobody out whose response was lost (sealed: %s)', async (sealed) => {
    const { client, session, commit, node, clock, eventsOf } = await due({ sealed })
    const elsewhere = createClient(node())
    const cookie = client.cookie()
    await session.update('n', async (n) => {
      if (n === undefined) await elsewhere.send((other) => other.update('n', () => 1), { cookie })
      return 2
    })
    await commit() // the response is lost
    expect(eventsOf('renewed')).toEqual([])
    clock.advance(5 * MINUTE)
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { x: 1, n: 2 } })
    expect(eventsOf('reuse')).toEqual([])
  })

  it.each(['nothing', 'data', 'update'])('takes no newer token of a parallel request away, after %s', async (how) => {
    const { client, session, commit } = await due()
    await client.send((other) => other.rotate())
    if (how === 'data') Object.assign(session.data, { y: 1 })
    if (how === 'update') await session.update('y', () => 1)
    client.receive(await commit())
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada' })
  })

  it('is sent with the response, and the client continues with it', async () => {
    const { client, commit, eventsOf } = await due()
    client.receive(await commit())
    await client.send(() => {})
    expect(eventsOf('renewed')).toHaveLength(1)
  })
})
