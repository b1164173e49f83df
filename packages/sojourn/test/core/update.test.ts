import type { Sessions } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, look, rejection, stayFor, type TestData, toView } from './kit.ts'

const increment = (n: unknown): number => Number(n ?? 0) + 1

async function stored(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send(edit({ n: 0 }))
  const { value: id } = await client.send((session) => session.id)
  world.store.calls.length = 0
  return { world, client, id }
}

describe('2 No lost update: update()', () => {
  it.each([
    ['one process', 1],
    ['several processes', 5],
  ])('50 parallel requests of %s each count once', async (_, nodes) => {
    const { world, client } = await stored()
    const processes: Sessions<TestData>[] = Array.from({ length: nodes }, () => world.node())
    const view = toView({ cookie: client.cookie() })
    await Promise.all(
      Array.from({ length: 50 }, async (__, i) => {
        const exchange = await (processes[i % nodes] ?? world.sessions).open(view)
        await Promise.resolve()
        await exchange.session.update('n', async (n) => {
          await Promise.resolve()
          return increment(n)
        })
        await exchange.commit()
      }),
    )
    expect((await client.send(look)).value.data).toEqual({ n: 50 })
  })

  it('writers of one process take turns: no try is wasted', async () => {
    const { world, client } = await stored()
    const exchanges = await Promise.all(Array.from({ length: 20 }, () => client.open()))
    await Promise.all(exchanges.map(({ session }) => session.update('n', increment)))
    // The first of each request compares with what it opened with; then it has the newest text.
    expect(world.store.count('write')).toBeLessThanOrEqual(40)
    expect(world.store.count('read')).toBe(20)
  })

  it('sees what another node stored since the request began', async () => {
    const { world, client } = await stored()
    const slow = await client.open()
    const other = await world.node().open(toView({ cookie: client.cookie() }))
    await other.session.update('n', () => 41)
    const seen: unknown[] = []
    const result = await slow.session.update('n', (n) => {
      seen.push(n)
      return increment(n)
    })
    expect(seen).toEqual([0, 41])
    expect(result).toBe(42)
    expect(slow.session.data.n).toBe(42)
  })

  it('that gives what another request had stored meanwhile is not written once more when the request ends', async () => {
    const { world, client } = await stored()
    const slow = await client.open()
    expect(slow.session.data.n).toBe(0)
    const node = world.node()
    const other = await node.open(toView({ cookie: client.cookie() }))
    await other.session.update('n', () => 5)
    await slow.session.update('n', () => 5)
    await other.session.update('n', increment)
    await slow.commit()
    expect((await client.send(look)).value.data).toEqual({ n: 6 })
  })

  it('resolves when it is stored, with the new value', async () => {
    const { world, client, id } = await stored()
    const { session } = await client.open()
    expect(await session.update('n', increment)).toBe(1)
    expect((await world.record(id)).data).toEqual({ n: '1' })
    expect(session.data.n).toBe(1)
  })

  it('writes its key alone, and nothing when the request ends', async () => {
    const { world, client } = await stored()
    await client.send((session) => session.update('n', increment))
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read', 'write'])
    expect(world.store.calls[1]?.args[1]).toEqual({ set: { n: '1' }, remove: [], expect: { key: 'n', text: '0' } })
  })

  it('stores other edits of the request at its end', async () => {
    const { world, client, id } = await stored()
    const { session, commit } = await client.open()
    edit({ other: 1 })(session)
    await session.update('n', increment)
    expect((await world.record(id)).data).toEqual({ n: '1' })
    await commit()
    expect((await world.record(id)).data).toEqual({ n: '1', other: '1' })
  })

  it('sees an earlier assignment to its key', async () => {
    const { client } = await stored()
    await client.send(async (session) => {
      session.data.n = 10
      expect(await session.update('n', increment)).toBe(11)
    })
    await client.send(async (session) => {
      delete session.data.n
      expect(await session.update('n', (n) => (n === undefined ? 'none' : 'some'))).toBe('none')
    })
    expect((await client.send(look)).value.data).toEqual({ n: 'none' })
  })

  it('an assignment after it counts last', async () => {
    const { client } = await stored()
    await client.send(async (session) => {
      await session.update('n', increment)
      session.data.n = 'after'
    })
    expect((await client.send(look)).value.data).toEqual({ n: 'after' })
  })

  it('removes the key when fn returns undefined', async () => {
    const { world, client, id } = await stored()
    await client.send(async (session) => {
      expect(session.data.n).toBe(0)
      expect(await session.update('n', () => undefined)).toBeUndefined()
      expect('n' in session.data).toBe(false)
      expect(await session.update('never', () => undefined)).toBeUndefined()
    })
    expect((await world.record(id)).data).toEqual({})
  })

  it('begins a key that was not there, only while it is not there', async () => {
    const { world, client } = await stored()
    const slow = await client.open()
    const other = await world.node().open(toView({ cookie: client.cookie() }))
    await other.session.update('first', () => 'theirs')
    expect(await slow.session.update('first', (value) => value ?? 'mine')).toBe('theirs')
  })

  it('an fn that throws stores nothing, and the next update works', async () => {
    const { world, client, id } = await stored()
    const { session, commit } = await client.open()
    const boom = new Error('boom')
    await expect(
      session.update('n', () => {
        throw boom
      }),
    ).rejects.toBe(boom)
    await expect(session.update('n', () => Promise.reject(boom))).rejects.toBe(boom)
    expect(await session.update('n', increment)).toBe(1)
    await commit()
    expect((await world.record(id)).data).toEqual({ n: '1' })
  })

  it('fn gets a copy: what it does to it before it throws is not stored', async () => {
    const { client } = await stored()
    await client.send(edit({ list: ['a'] }))
    await client.send(async (session) => {
      const seen = session.data.list
      await session
        .update('list', (list) => {
          ;(list as string[]).push('b')
          throw new Error('boom')
        })
        .catch(() => {})
      expect(session.data.list).toBe(seen)
    })
    expect((await client.send(look)).value.data.list).toEqual(['a'])
  })

  it('fn may change its value in place', async () => {
    const { client } = await stored()
    await client.send(edit({ list: ['a'] }))
    await client.send((session) =>
      session.update('list', (list) => {
        ;(list as string[]).push('b')
        return list
      }),
    )
    expect((await client.send(look)).value.data.list).toEqual(['a', 'b'])
  })

  it('refuses a value that JSON cannot carry, with its path, and stores nothing', async () => {
    const { world, client } = await stored()
    const error = await rejection(client.send((session) => session.update('n', () => ({ deep: [new Map()] }))))
    expect(error).toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
    expect(error.message).toContain('data.n.deep[0]')
    expect(world.store.count('write')).toBe(0)
  })

  it('gives up when the key changes under each of its tries', async () => {
    const { world, client, id } = await stored()
    const { session } = await client.open()
    let tries = 0
    const error = await rejection(
      session.update('n', async (n) => {
        tries++
        await world.sessions.store.write(id, { set: { n: String(tries) } })
        return increment(n)
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_CONTENTION', status: 503 })
    expect(tries).toBe(100)
  })

  it('is not disturbed by changes of the head: rotation, renewal, last-seen', async () => {
    const { world, client } = await stored()
    await stayFor(world, client, HOUR)
    const slow = await client.open()
    let tries = 0
    await slow.session.update('n', async (n) => {
      tries++
      await client.send((session) => session.rotate())
      return increment(n)
    })
    expect(tries).toBe(1)
    expect((await client.send(look)).value).toMatchObject({ refused: null, data: { n: 1 } })
  })

  it('a store that fails is a typed error; the session’s data shows what is stored', async () => {
    const { world, client } = await stored()
    const { session } = await client.open()
    world.store.fail('write')
    expect(await rejection(session.update('n', increment))).toMatchObject({ code: 'ERR_STORE' })
    expect(session.data.n).toBe(0)
    expect(await session.update('n', increment)).toBe(1)
  })

  it('works after the headers went out, as in a stream', async () => {
    const { client } = await stored()
    const { session, commit, finish } = await client.open()
    await commit()
    await session.update('n', increment)
    await finish()
    expect((await client.send(look)).value.data).toEqual({ n: 1 })
  })

  it('of one key does not wait for a slow one of another', async () => {
    const { client } = await stored()
    const { session } = await client.open()
    let release = (): void => {}
    const slow = session.update('slow', async () => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return 1
    })
    expect(await session.update('n', increment)).toBe(1)
    release()
    await slow
    expect({ ...session.data }).toEqual({ n: 1, slow: 1 })
  })

  it.each(['stored', 'new'])('of one key inside that of another comes to an end (%s session)', async (kind) => {
    const { world, client } = await stored()
    const { session, commit } = await (kind === 'stored' ? client : world.client()).open()
    await session.update('outer', async () => {
      await session.update('inner', () => 1)
      return 2
    })
    await commit()
    expect({ ...session.data }).toMatchObject({ inner: 1, outer: 2 })
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '~x', '~fx', '', 'then'])(
    'takes a key that a client chose: %j',
    async (key) => {
      const { world, client } = await stored()
      for (const visitor of [client, world.client()]) {
        const seen: unknown[] = []
        for (let i = 0; i < 2; i++) {
          await visitor.send((session) =>
            session.update(key, (value) => {
              seen.push(value)
              return increment(value)
            }),
          )
        }
        expect(seen).toEqual([undefined, 1])
        expect((await visitor.send((session) => session.data[key])).value).toBe(2)
      }
    },
  )
})
