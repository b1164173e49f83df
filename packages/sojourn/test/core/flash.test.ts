import { describe, expect, it } from 'vitest'
import { createWorld, edit, rejection } from './kit.ts'

async function withNote(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send((session) => session.flash.set('note', { text: 'saved' }))
  const { value: id } = await client.send((session) => session.id)
  world.store.calls.length = 0
  return { world, client, id }
}

describe.each([
  ['plain', {}],
  ['sealed', { sealed: true }],
])('flash (%s)', (_, options) => {
  it('lives for one read', async () => {
    const { world, client, id } = await withNote(options)
    expect((await client.send((session) => session.flash.take('note'))).value).toEqual({ text: 'saved' })
    expect((await client.send((session) => session.flash.take('note'))).value).toBeUndefined()
    expect((await world.record(id)).data).toEqual({})
  })

  it('stays until it is read, and reading something else does not take it', async () => {
    const { world, client } = await withNote(options)
    await client.send((session) => session.flash.take('other'))
    await client.send((session) => Object.keys(session.data))
    expect(world.store.count('write')).toBe(0)
    expect((await client.send((session) => session.flash.take('note'))).value).toEqual({ text: 'saved' })
  })

  it('is no part of the data, whatever its name', async () => {
    const { client } = await withNote(options)
    const { value } = await client.send((session) => {
      edit({ note: 'mine', '~fnote': 'mine too' })(session)
      return Object.keys(session.data)
    })
    expect(value).toEqual(['note', '~fnote'])
    const next = await client.send((session) => [{ ...session.data }, session.flash.take('note')])
    expect(next.value).toEqual([{ note: 'mine', '~fnote': 'mine too' }, { text: 'saved' }])
  })

  it('set and taken in one request is not stored', async () => {
    const { world, client } = await withNote(options)
    const visitor = world.client()
    const { setCookies, value } = await visitor.send((session) => {
      session.flash.set('x', 1)
      return [session.flash.take('x'), session.flash.take('x')]
    })
    expect(value).toEqual([1, undefined])
    expect(setCookies).toEqual([])
    expect(client.jar.size).toBe(1)
    expect(world.store.count('create')).toBe(0)
  })

  it('that was taken does not stop reload from showing the data of other requests, and stays taken', async () => {
    const { client } = await withNote(options)
    const { session, commit } = await client.open()
    expect(session.flash.take('note')).toEqual({ text: 'saved' })
    expect({ ...session.data }).toEqual({})
    await client.send(edit({ step: 2 }))
    await session.reload()
    expect({ ...session.data }).toEqual({ step: 2 })
    expect(session.flash.take('note')).toBeUndefined()
    await commit()
    expect((await client.send(({ flash }) => flash.take('note'))).value).toBeUndefined()
  })

  it('that was taken by a HEAD request stays taken in it after reload', async () => {
    const { client } = await withNote(options)
    const { session, commit } = await client.open({ method: 'HEAD' })
    session.flash.take('note')
    await session.reload()
    expect(session.flash.take('note')).toBeUndefined()
    await commit()
    expect((await client.send(({ flash }) => flash.take('note'))).value).toEqual({ text: 'saved' })
  })

  it('that another request set after it was taken is shown after reload', async () => {
    const { client } = await withNote(options)
    const { session, commit } = await client.open()
    session.flash.take('note')
    await client.send(({ flash }) => flash.set('note', 'second'))
    await session.reload()
    await commit()
    expect((await client.send(({ flash }) => flash.take('note'))).value).toBe('second')
  })

  it('taken and set again is the new one', async () => {
    const { client } = await withNote(options)
    await client.send((session) => {
      session.flash.take('note')
      session.flash.set('note', 'again')
    })
    expect((await client.send((session) => session.flash.take('note'))).value).toBe('again')
  })

  it('set twice is the last, set over an unread one too', async () => {
    const { client } = await withNote(options)
    await client.send((session) => {
      session.flash.set('note', 'first')
      session.flash.set('note', 'second')
    })
    const { value } = await client.send((session) => [session.flash.take('note'), session.flash.take('note')])
    expect(value).toEqual(['second', undefined])
  })

  it('set over an unread one and taken in the same request is gone', async () => {
    const { client } = await withNote(options)
    const { value } = await client.send((session) => {
      session.flash.set('note', 'over')
      return [session.flash.take('note'), session.flash.take('note')]
    })
    expect(value).toEqual(['over', undefined])
    expect((await client.send((session) => session.flash.take('note'))).value).toBeUndefined()
  })

  it('taken again after it was stored is gone', async () => {
    const { client } = await withNote(options)
    const { session, commit, finish } = await client.open()
    expect(session.flash.take('note')).toBeDefined()
    await commit()
    expect(session.flash.take('note')).toBeUndefined()
    await finish()
  })

  it('set after the headers of a stored session is kept', async () => {
    const { client } = await withNote(options)
    const { session, commit, finish } = await client.open()
    await commit()
    session.flash.set('late', 1)
    await finish()
    expect((await client.send((next) => next.flash.take('late'))).value).toBe(1)
  })

  it('set while the request is being stored is not forgotten', async () => {
    const { world, client } = await withNote(options)
    const { session, commit, finish } = await client.open()
    session.flash.set('a', 1)
    const gate = world.store.hold('write')
    const committed = commit()
    await gate.reached
    session.flash.set('a', 2)
    gate.release()
    await committed
    await finish()
    expect((await client.send((next) => next.flash.take('a'))).value).toBe(2)
  })

  it('carries only JSON, and other values throw where they are set', async () => {
    const { client } = await withNote(options)
    const { session } = await client.open()
    const error = await rejection(() => session.flash.set('when', new Date(0) as never))
    expect(error).toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
    expect(error.message).toContain('flash.when')
    session.flash.set('nothing', undefined as never)
    expect(session.flash.take('nothing')).toBeUndefined()
  })

  it('is one write with the data', async () => {
    const { world, client } = await withNote(options)
    await client.send((session) => {
      edit({ a: 1 })(session)
      session.flash.set('b', 2)
      session.flash.take('note')
    })
    expect(world.store.count('write')).toBe(1)
  })

  it('values that two parallel requests set under different names are both kept', async () => {
    const { client } = await withNote(options)
    const [one, two] = [await client.open(), await client.open()]
    one.session.flash.set('a', 1)
    two.session.flash.set('b', 2)
    await one.commit()
    await two.commit()
    expect((await client.send(({ flash }) => [flash.take('a'), flash.take('b')])).value).toEqual([1, 2])
  })
})
