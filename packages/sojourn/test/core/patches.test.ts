import type { Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, rejection, type TestData } from './kit.ts'

async function stored(data: Record<string, unknown> = { a: 1, b: { deep: [1] } }) {
  const world = createWorld()
  const client = world.client()
  await client.send(edit(data))
  const { value: id } = await client.send((session) => session.id)
  world.store.calls.length = 0
  return { world, client, id }
}

describe('2 No lost update: plain edits', () => {
  it('50 parallel requests that edit different keys all persist', async () => {
    const { world, client, id } = await stored({ first: true })
    const exchanges = await Promise.all(Array.from({ length: 50 }, () => client.open()))
    exchanges.forEach(({ session }, i) => {
      edit({ [`k${i}`]: i })(session)
    })
    await Promise.all(exchanges.map(({ commit }) => commit()))
    expect(Object.keys((await world.record(id)).data)).toHaveLength(51)
    expect((await client.send(look)).value.data).toMatchObject({ first: true, k0: 0, k49: 49 })
  })

  it('of the same key: the last writer wins, for that key only', async () => {
    const { client } = await stored()
    const [one, two] = [await client.open(), await client.open()]
    edit({ a: 'one', c: 'one' })(one.session)
    edit({ a: 'two', d: 'two' })(two.session)
    await two.commit()
    await one.commit()
    expect((await client.send(look)).value.data).toMatchObject({ a: 'one', c: 'one', d: 'two' })
  })

  it('no merge of objects, ever: a key is replaced whole', async () => {
    const { client } = await stored({ o: { x: 1, y: 1 } })
    const [one, two] = [await client.open(), await client.open()]
    edit({ o: { x: 2 } })(one.session)
    edit({ o: { z: 3 } })(two.session)
    await one.commit()
    await two.commit()
    expect((await client.send(look)).value.data).toEqual({ o: { z: 3 } })
  })

  it('a key that a request only read is not written back over a newer value', async () => {
    const { client } = await stored()
    const reader = await client.open()
    expect(reader.session.data.a).toBe(1)
    await client.send(edit({ a: 2 }))
    edit({ c: 3 })(reader.session)
    await reader.commit()
    expect((await client.send(look)).value.data).toMatchObject({ a: 2, c: 3 })
  })

  it('nested edits are noticed', async () => {
    const { world, client, id } = await stored({ b: { deep: [{ n: 1 }] } })
    await client.send((session) => {
      const { deep } = session.data.b as { deep: { n: number }[] }
      const [first] = deep
      if (first) first.n = 2
    })
    expect((await world.record(id)).data).toEqual({ b: '{"deep":[{"n":2}]}' })
  })

  it('are one write, of the changed keys only', async () => {
    const { world, client } = await stored({ a: 1, b: 1, c: 1, d: { n: 1 } })
    await client.send((session) => {
      edit({ a: 2, b: 1 })(session)
      delete session.data.c
      ;(session.data.d as { n: number }).n = 1
    })
    expect(world.store.calls).toMatchObject([
      { operation: 'read' },
      { operation: 'write', args: [expect.anything(), { set: { a: '2' }, remove: ['c'] }] },
    ])
  })

  it('deletes persist, and beside a parallel edit of another key', async () => {
    const { client } = await stored({ a: 1, b: 1 })
    const [one, two] = [await client.open(), await client.open()]
    delete one.session.data.a
    edit({ c: 1 })(two.session)
    await one.commit()
    await two.commit()
    expect((await client.send(look)).value.data).toEqual({ b: 1, c: 1 })
  })

  it('undefined deletes', async () => {
    const { world, client, id } = await stored({ a: 1, b: 1 })
    await client.send(edit({ a: undefined, never: undefined }))
    expect((await world.record(id)).data).toEqual({ b: '1' })
  })

  it('a value that is set back to its old text is no edit', async () => {
    const { world, client } = await stored({ a: 1 })
    await client.send((session) => {
      session.data.a = 2
      session.data.a = 1
      session.data.x = 1
      delete session.data.x
    })
    expect(world.store.count('write')).toBe(0)
  })

  it('the data can be replaced as a whole', async () => {
    const { world, client, id } = await stored({ a: 1, b: 2 })
    await client.send((session) => {
      const held = session.data
      session.data = { b: 3, c: 4 }
      expect(session.data).toBe(held)
      expect({ ...held }).toEqual({ b: 3, c: 4 })
      expect(Object.keys(session.data)).toEqual(['b', 'c'])
    })
    expect((await world.record(id)).data).toEqual({ b: '3', c: '4' })
  })

  it.each<[string, (session: Session<TestData>) => TestData]>([
    ['itself', (session) => session.data],
    ['itself, edited', (session) => Object.assign(session.data, { a: 1 })],
    ['a copy', (session) => ({ ...session.data })],
  ])('the data can be replaced by %s, and nothing is lost', async (_, make) => {
    const { world, client } = await stored({ a: 1, b: { n: 1 } })
    await client.send((session) => {
      session.data = make(session)
      expect({ ...session.data }).toEqual({ a: 1, b: { n: 1 } })
    })
    expect(world.store.count('write')).toBe(0)
  })

  it.each([
    '__proto__',
    'constructor',
    'toString',
    '~',
    '~f',
    '~~f',
    '~fnote',
    '',
    ' ',
    'é',
    '\u0000',
    '\ud800',
    'then',
    '0',
  ])('a key that a client chose comes back as it is: %j', async (key) => {
    const world = createWorld()
    const client = world.client()
    expect((await client.send((session) => [session.data[key], key in session.data])).value).toEqual([undefined, false])
    await client.send((session) => {
      session.data[key] = { value: 1 }
      session.flash.set(key, 'flash')
    })
    await client.send(edit({ other: 1 }))
    const { value } = await client.send((session) => {
      return [
        session.data[key],
        Object.keys(session.data).sort(),
        session.flash.take(key),
        Object.hasOwn(session.data, key),
      ]
    })
    expect(value).toEqual([{ value: 1 }, [key, 'other'].sort(), 'flash', true])
    await client.send((session) => {
      delete session.data[key]
    })
    expect((await client.send(look)).value.data).toEqual({ other: 1 })
  })

  it('prototype pollution: two names that a client chose reach no prototype', async () => {
    const world = createWorld()
    const client = world.client()
    const [outer, inner] = ['__proto__', 'polluted'] as [string, string]
    const error = await rejection(
      client.send((session) => {
        ;(session.data[outer] as Record<string, unknown>)[inner] = 'yes'
      }),
    )
    expect(error).toBeInstanceOf(TypeError)
    expect(({} as Record<string, unknown>)[inner]).toBeUndefined()
  })

  it('prototype pollution: an assigned prototype is a value, and lends nothing', async () => {
    const world = createWorld()
    const client = world.client()
    const key: string = '__proto__'
    await client.send((session) => {
      session.data[key] = { isAdmin: true }
      expect(session.data.isAdmin).toBeUndefined()
    })
    expect((await client.send((session) => session.data.isAdmin)).value).toBeUndefined()
  })

  it('a stream’s edits after the headers are stored when it ends', async () => {
    const { world, client, id } = await stored({ a: 1 })
    const { session, commit, finish } = await client.open()
    await commit()
    edit({ late: 1 })(session)
    expect((await world.record(id)).data).toEqual({ a: '1' })
    await finish()
    expect((await world.record(id)).data).toEqual({ a: '1', late: '1' })
    await finish()
    expect(world.store.count('write')).toBe(1)
  })

  it('a stream’s edits to a session that was never stored are lost, and this is reported once', async () => {
    const world = createWorld()
    for (let i = 0; i < 2; i++) {
      const { session, commit, finish } = await world.client().open()
      await commit()
      edit({ late: i })(session)
      await finish()
    }
    expect(world.store.calls).toEqual([])
    expect(world.eventsOf('fault')).toMatchObject([
      { operation: 'finish', error: { code: 'ERR_HEADERS_SENT' } },
      { operation: 'finish' },
    ])
    expect(world.warnings).toMatchObject([expect.stringMatching(/^sojourn: .*new session here is lost/)])
  })

  it('edits made while the request is being stored are not forgotten', async () => {
    const { world, client, id } = await stored({ a: 1 })
    const { session, commit, finish } = await client.open()
    edit({ b: 1 })(session)
    const gate = world.store.hold('write')
    const committed = commit()
    await gate.reached
    edit({ b: 2, c: 3 })(session)
    gate.release()
    await committed
    expect((await world.record(id)).data).toEqual({ a: '1', b: '1' })
    await finish()
    expect((await world.record(id)).data).toEqual({ a: '1', b: '2', c: '3' })
  })

  it('a commit that fails leaves the edits to be stored by the next', async () => {
    const { world, client, id } = await stored({ a: 1 })
    const { session, commit } = await client.open()
    edit({ b: 1 })(session)
    world.store.fail('write')
    expect(await rejection(Promise.resolve(commit()))).toMatchObject({ code: 'ERR_STORE' })
    await commit()
    expect((await world.record(id)).data).toEqual({ a: '1', b: '1' })
  })

  it('the store’s own objects are never changed, nor are the session’s by another request', async () => {
    const { client } = await stored({ list: [1] })
    const [one, two] = [await client.open(), await client.open()]
    ;(one.session.data.list as number[]).push(2)
    expect(two.session.data.list).toEqual([1])
    await one.commit()
    expect(two.session.data.list).toEqual([1])
  })
})
