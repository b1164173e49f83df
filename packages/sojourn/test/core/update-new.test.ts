import { describe, expect, it } from 'vitest'
import type { Turns } from '../../src/core/lib/turns.ts'
import { createWorld, edit, look, rejection } from './kit.ts'

const increment = (n: unknown): number => Number(n ?? 0) + 1

describe('update() on a session that is not stored yet', () => {
  it('begins it', async () => {
    const world = createWorld()
    const client = world.client()
    const { value, setCookies } = await client.send((session) => session.update('n', increment))
    expect(value).toBe(1)
    expect(setCookies).toHaveLength(1)
    expect((await client.send(look)).value.data).toEqual({ n: 1 })
    expect(world.eventsOf('created')).toHaveLength(1)
  })

  it('stores earlier edits with it', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(async (session) => {
      edit({ a: 1, n: 5 })(session)
      session.flash.set('note', 'hi')
      expect(await session.update('n', increment)).toBe(6)
    })
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['create'])
    const { value } = await client.send((session) => [look(session).data, session.flash.take('note')])
    expect(value).toEqual([{ a: 1, n: 6 }, 'hi'])
  })

  it('several at once begin one session', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) =>
      Promise.all([session.update('n', increment), session.update('m', increment), session.update('n', increment)]),
    )
    expect(world.store.count('create')).toBe(1)
    expect((await client.send(look)).value.data).toEqual({ n: 2, m: 1 })
  })

  it('that the handler does not wait for, and the end of the request, begin one session', async () => {
    const world = createWorld()
    const client = world.client()
    const { session, commit } = await client.open()
    const gate = world.store.hold('create')
    const update = session.update('n', increment)
    edit({ m: 1 })(session)
    await gate.reached
    const committed = commit()
    gate.release()
    await update
    client.receive(await committed)
    expect(world.store.count('create')).toBe(1)
    expect((await client.send(look)).value.data).toEqual({ n: 1, m: 1 })
  })

  it('stores nothing when fn gives nothing', async () => {
    const world = createWorld()
    const { setCookies } = await world.client().send((session) => session.update('n', () => undefined))
    expect(setCookies).toEqual([])
    expect(world.store.calls).toEqual([])
  })

  it('fn gets a copy here too', async () => {
    const world = createWorld()
    const client = world.client()
    const { setCookies } = await client.send(async (session) => {
      edit({ list: ['a'] })(session)
      await session
        .update('list', (list) => {
          ;(list as string[]).push('b')
          throw new Error('boom')
        })
        .catch(() => {})
    })
    expect(setCookies).toHaveLength(1)
    expect((await client.send(look)).value.data).toEqual({ list: ['a'] })
  })

  it('that cannot be stored leaves nothing of it for the end of the request', async () => {
    const world = createWorld()
    const client = world.client()
    world.store.fail('create')
    const { setCookies } = await client.send(async (session) => {
      expect(await rejection(session.update('n', increment))).toMatchObject({ code: 'ERR_STORE' })
      expect(session.data.n).toBeUndefined()
    })
    expect(setCookies).toEqual([])
    expect(client.jar.size).toBe(0)
  })

  it('refuses what JSON cannot carry', async () => {
    const error = await rejection(
      createWorld()
        .client()
        .send((session) => session.update('n', () => Number.NaN)),
    )
    expect(error).toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
    expect(error.message).toContain('data.n')
  })

  it('after the headers went out is an error: no token can be sent', async () => {
    const { session, commit } = await createWorld().client().open()
    await commit()
    expect(await rejection(session.update('n', increment))).toMatchObject({ code: 'ERR_HEADERS_SENT' })
  })
})

describe('turns', () => {
  it('leave nothing behind', async () => {
    const { takeTurn } = await import('../../src/core/lib/turns.ts')
    const turns = new Map() as Turns
    const order: string[] = []
    const work =
      (name: string, fails = false) =>
      async () => {
        order.push(`${name} begins`)
        await Promise.resolve()
        order.push(`${name} ends`)
        if (fails) throw new Error(name)
        return name
      }
    const [a, b, c] = [
      takeTurn(turns, 'k', work('a', true)),
      takeTurn(turns, 'k', work('b')),
      takeTurn(turns, 'x', work('c')),
    ]
    await expect(a).rejects.toThrow('a')
    expect(await b).toBe('b')
    expect(await c).toBe('c')
    expect(order.indexOf('b begins')).toBeGreaterThan(order.indexOf('a ends'))
    expect(order.indexOf('c begins')).toBeLessThan(order.indexOf('a ends'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(turns.size).toBe(0)
  })
})
