import { type } from 'arktype'
import type { StandardSchema } from 'sojourn'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { validate } from '../../src/core/data/schema.ts'
import { createWorld, MINUTE, rejection } from './kit.ts'

interface Shop {
  cart: string[]
  count?: number | undefined
}

const LIBRARIES: [string, StandardSchema<Shop>, StandardSchema<{ a: string }>, () => object][] = [
  [
    'valibot',
    v.object({ cart: v.optional(v.array(v.string()), () => []), count: v.optional(v.number()) }),
    v.object({ a: v.string() }),
    () =>
      v.objectAsync({
        a: v.pipeAsync(
          v.optional(v.string()),
          v.checkAsync(async () => true),
        ),
      }),
  ],
  [
    'zod',
    z.object({ cart: z.array(z.string()).default(() => []), count: z.number().optional() }),
    z.object({ a: z.string() }),
    () => z.object({ a: z.string().optional() }).refine(async () => true),
  ],
  [
    'arktype',
    type({ cart: type('string[]').default(() => []), 'count?': 'number' }),
    type({ a: 'string' }),
    () => ({ '~standard': { version: 1, vendor: 'arktype has none', validate: async () => ({ value: {} }) } }),
  ],
]

describe.each(LIBRARIES)('a schema of %s', (_, schema, required, makeAsync) => {
  it('fills in defaults, and reading them writes nothing', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    const { setCookies, value } = await client.send((session) => ({ ...session.data }))
    expect(value).toEqual({ cart: [] })
    expect(setCookies).toEqual([])
    await client.send((session) => {
      session.data.count = 1
    })
    world.store.calls.length = 0
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ cart: [], count: 1 })
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read'])
  })

  it('a default that is edited in place is stored, and is nobody else’s default', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.data.cart.push('lamp')
      return session.id
    })
    expect((await world.record(id)).data).toEqual({ cart: '["lamp"]' })
    expect((await world.client().send((session) => session.data.cart)).value).toEqual([])
  })

  it('update() is given the default, or the value', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    for (const item of ['lamp', 'chair']) {
      await client.send((session) => session.update('cart', (cart) => [...cart, item]))
    }
    expect((await client.send((session) => session.data.cart)).value).toEqual(['lamp', 'chair'])
  })

  it('refuses to store what does not fit: edits and updates, of old and new sessions', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    for (let round = 0; round < 2; round++) {
      const writes = world.store.count('create') + world.store.count('write')
      for (const break_ of [
        client.send((session) => Object.assign(session.data, { count: 'many' })),
        client.send((session) => session.update('count', () => 'many' as never)),
        client.send((session) => {
          session.data.cart.push(7 as never)
        }),
      ]) {
        const error = await rejection(break_)
        expect(error).toMatchObject({ code: 'ERR_DATA_INVALID', status: 500 })
        expect(error.message).toMatch(/Not stored: (count|cart\.0|cart)/)
        expect(error.message).not.toContain('many')
      }
      expect(world.store.count('create') + world.store.count('write')).toBe(writes)
      await client.send((session) => {
        session.data.count = 1
      })
    }
  })

  it('an update that was refused leaves nothing of it behind', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    for (let round = 0; round < 2; round++) {
      await client.send(async (session) => {
        await rejection(session.update('count', () => 'many' as never))
        expect(session.data.count).toBe(round === 0 ? undefined : 1)
        session.data.count = 1
      })
    }
  })

  it('a stored key that does not fit is dropped and told, the others stay', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      Object.assign(session.data, { cart: ['lamp'], count: 2 })
      return session.id
    })
    await world.store.write(id, { set: { count: '"many"' } })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ cart: ['lamp'] })
    expect(world.eventsOf('invalidData')).toMatchObject([{ id, paths: ['count'] }])
    await world.store.write(id, { set: { count: '2', cart: '["lamp",7]' } })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ cart: [], count: 2 })
    expect(world.eventsOf('invalidData')[1]).toMatchObject({ paths: [expect.stringMatching(/^cart/)] })
  })

  it('a stored key that the schema does not know is kept', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.data.count = 1
      return session.id
    })
    await world.store.write(id, { set: { fromAnotherRelease: '1' } })
    await client.send((session) => {
      session.data.count = 2
    })
    expect((await world.record(id)).data).toEqual({ count: '2', fromAnotherRelease: '1' })
  })

  it('a key that the schema does not name is read back as it was stored', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    await client.send((session) => Object.assign(session.data, { theme: 'dark' }))
    expect((await client.send((session) => ({ ...session.data }))).value).toMatchObject({ theme: 'dark' })
  })

  it('a stored value that does not fit is kept for another release, until its key is assigned', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.data.cart = ['lamp']
      return session.id
    })
    await world.store.write(id, { set: { count: '"many"' } })
    await client.send((session) => session.data.cart)
    expect((await world.record(id)).data).toMatchObject({ count: '"many"' })
    await client.send((session) => session.update('cart', (cart) => [...cart, 'rug']))
    expect((await world.record(id)).data).toEqual({ cart: '["lamp","rug"]', count: '"many"' })
    await client.send((session) => Object.assign(session.data, { count: 3 }))
    expect((await world.record(id)).data).toEqual({ cart: '["lamp","rug"]', count: '3' })
  })

  it('a login carries data that fits', async () => {
    const world = createWorld({ data: schema })
    const client = world.client()
    await client.send((session) => session.update('cart', () => ['lamp']))
    await client.send(async (session) => {
      session.data.count = 3
      await session.login('ada')
    })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ cart: ['lamp'], count: 3 })
  })

  it('that does not accept {} is refused', async () => {
    const error = await rejection(() => createWorld({ data: required }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain('{}')
  })

  it('that answers later is refused', async () => {
    const error = await rejection(() => createWorld({ data: makeAsync() as StandardSchema<object> }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain('at once')
  })
})

describe('values that are not schemas', () => {
  it.each([{}, { '~standard': {} }, { '~standard': { validate: 'x' } }, z, () => ({})])(
    'is refused: %#',
    async (data) => {
      const error = await rejection(() => createWorld({ data: data as never }))
      expect(error).toMatchObject({ code: 'ERR_OPTION' })
      expect(error.message).toContain('Standard Schema')
    },
  )

  it('a promise that rejects takes no process with it', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    const data = { '~standard': { version: 1, vendor: 'x', validate: () => Promise.reject(new Error('late')) } }
    expect(await rejection(() => createWorld({ data: data as never }))).toMatchObject({ code: 'ERR_OPTION' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  })

  it('that turns to promises later is an error with a code', async () => {
    const validate = (value: unknown) =>
      Object.keys(value as object).length === 0 ? { value } : Promise.resolve({ value })
    const world = createWorld({ data: { '~standard': { version: 1, vendor: 'x', validate } } as never })
    const error = await rejection(
      world.client().send((session) => {
        Object.assign(session.data, { a: 1 })
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_DATA_INVALID' })
    expect(error.message).toContain('promise')
    expect(world.store.count('create')).toBe(0)
  })
})

describe('issues of a schema', () => {
  function failing(issues: object[]) {
    return { '~standard': { version: 1, vendor: 'x', validate: () => ({ issues }) } } as never
  }

  it('give top-level keys once, and whole paths', () => {
    const key = Symbol('s')
    const issues = [
      { message: 'secret', path: ['a', 0, 'b'] },
      { message: 'secret', path: [{ key: 'a' }, { key: 1 }] },
      { message: 'secret', path: [key] },
      { message: 'secret', path: [7] },
      { message: 'secret' },
      { message: 'secret', path: [] },
    ]
    expect(validate(failing(issues), {})).toEqual({
      badKeys: ['a', 'Symbol(s)', '7'],
      paths: ['a.0.b', 'a.1', 'Symbol(s)', '7', '', ''],
    })
  })

  it('are never quoted: a message may hold the value', async () => {
    const data = v.object({
      a: v.optional(
        v.pipe(
          v.string(),
          v.check((text) => text !== '4111', 'no 4111'),
        ),
      ),
    })
    const world = createWorld({ data })
    const client = world.client()
    const error = await rejection(
      client.send((session) => {
        session.data.a = '4111'
      }),
    )
    expect(error.message).not.toContain('4111')
    expect(JSON.stringify(world.events)).not.toContain('4111')
  })
})

describe('data that is corrupt in the store, without a schema', () => {
  it.each(['drop', 'end', 'throw'] as const)('invalidData: %s', async (invalidData) => {
    const world = createWorld({ invalidData })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      Object.assign(session.data, { good: 1, bad: 2 })
      return session.id
    })
    await world.store.write(id, { set: { bad: '{broken' } })
    world.clock.advance(2 * MINUTE)
    const seen = () => client.send((session) => [session.refused, { ...session.data }])
    if (invalidData === 'throw') expect(await rejection(seen())).toMatchObject({ code: 'ERR_DATA_INVALID' })
    else expect((await seen()).value).toEqual(invalidData === 'drop' ? [null, { good: 1 }] : ['invalid', {}])
    expect(world.eventsOf('invalidData')).toMatchObject([{ id, paths: ['bad'] }])
    expect((await world.kept(id))?.kind).toBe(invalidData === 'end' ? 'ended' : 'live')
  })
})
