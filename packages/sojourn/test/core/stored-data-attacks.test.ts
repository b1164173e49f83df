import type { Session, SessionId } from 'sojourn'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createWorld, MINUTE, rejection, toView, type World } from './kit.ts'

const Shop = v.object({
  cart: v.optional(v.array(v.string()), []),
  theme: v.optional(v.string()),
})
type ShopData = v.InferOutput<typeof Shop>

/** Values that an older release of the application, or another program, left in the store. */
async function plant<Data extends object>(world: World<Data>, id: SessionId, texts: Record<string, string>) {
  await world.store.write(id, { set: texts })
  world.store.calls.length = 0
}

async function withBadCart(options: { invalidData?: 'drop' | 'end' | 'throw'; sealed?: boolean } = {}) {
  const world = createWorld<ShopData>({ data: Shop, ...options })
  const client = world.client()
  const { value: id } = await client.send((session) => {
    session.data.theme = 'dark'
    return session.id
  })
  await plant(world, id, { cart: '"not a list"' })
  return { world, client, id }
}

describe('stored data that does not fit, dropped: one bad key must not cost the session', () => {
  it('reads on, with the bad key at its default', async () => {
    const { world, client } = await withBadCart()
    const { value } = await client.send((session) => ({ ...session.data }))
    expect(value).toEqual({ theme: 'dark', cart: [] })
    expect(world.eventsOf('invalidData')).toMatchObject([{ paths: ['cart'] }])
    expect(world.store.count('write')).toBe(0)
  })

  it('stores another key', async () => {
    const { client } = await withBadCart()
    await client.send((session) => {
      session.data.theme = 'light'
    })
    expect((await client.send((session) => session.data.theme)).value).toBe('light')
  })

  it('updates another key, and the bad one', async () => {
    const { client } = await withBadCart()
    await client.send((session) => session.update('theme', () => 'light'))
    await client.send((session) => session.update('cart', (cart) => [...cart, 'lamp']))
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ theme: 'light', cart: ['lamp'] })
  })

  it.each<[string, (session: Session<ShopData>) => unknown]>([
    ['an edit', (session) => Object.assign(session.data, { theme: 'light' })],
    ['an update', (session) => session.update('theme', () => 'light')],
    [
      'an assignment before an update',
      async (session) => {
        session.data.theme = 'blue'
        await session.update('theme', () => 'light')
      },
    ],
  ])('the bad key stays when another one is written: %s', async (_, write) => {
    const { world, client, id } = await withBadCart()
    await client.send(async (session) => void (await write(session)))
    expect((await world.record(id)).data).toEqual({ theme: '"light"', cart: '"not a list"' })
  })

  it.each<[string, (session: Session<ShopData>) => unknown, object]>([
    ['an assignment', (session) => Object.assign(session.data, { cart: ['lamp'] }), { cart: '["lamp"]' }],
    ['an edit of its default', (session) => void session.data.cart.push('lamp'), { cart: '["lamp"]' }],
    ['an update', (session) => session.update('cart', (cart) => [...cart, 'lamp']), { cart: '["lamp"]' }],
    ['a deletion', (session) => Reflect.deleteProperty(session.data, 'cart'), {}],
    ['an update to nothing', (session) => session.update('cart', () => undefined as never), {}],
    [
      'data that replaces all',
      (session) => {
        session.data = { theme: 'dark', cart: [] }
      },
      { cart: '[]' },
    ],
  ])('the bad key goes when the handler means it: %s', async (_, write, left) => {
    const { world, client, id } = await withBadCart()
    await client.send(async (session) => void (await write(session)))
    expect((await world.record(id)).data).toEqual({ theme: '"dark"', ...left })
    world.events.length = 0
    await client.send((session) => session.data.cart)
    expect(world.events).toEqual([])
  })

  it('a flash alone takes no key along', async () => {
    const { world, client, id } = await withBadCart()
    await client.send((session) => session.flash.set('note', 'hi'))
    expect((await world.record(id)).data).toMatchObject({ cart: '"not a list"', '~fnote': '"hi"' })
  })

  it('answers a request that only reads when its last-seen time is due', async () => {
    const { world, client, id } = await withBadCart()
    world.clock.advance(2 * MINUTE)
    await client.send((session) => session.data.theme)
    expect((await world.record(id)).lastSeenAt).toBe(world.clock())
  })

  it('renews the token', async () => {
    const { world, client } = await withBadCart()
    for (let i = 0; i < 3; i++) {
      world.clock.advance(25 * MINUTE)
      await client.send((session) => session.data.theme)
    }
    await client.send((session) => session.data.theme)
    expect(world.eventsOf('renewed')).toHaveLength(1)
  })

  it('logs in, and the bad value comes along as it is', async () => {
    const { world, client } = await withBadCart()
    const { value: id } = await client.send(async (session) => {
      await session.login('ada')
      return session.id
    })
    expect((await world.record(id)).data).toEqual({ theme: '"dark"', cart: '"not a list"' })
  })

  it('still refuses what this very request gets wrong', async () => {
    const { client } = await withBadCart()
    const error = await rejection(
      client.send((session) => {
        session.data.theme = 7 as never
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_DATA_INVALID' })
    expect(error.message).toContain('theme')
    expect(error.message).not.toContain('7')
  })

  it('counts text that is no JSON as a bad key too', async () => {
    const { world, client, id } = await withBadCart()
    await plant(world, id, { cart: '{"broken' })
    await client.send((session) => {
      expect(session.data.cart).toEqual([])
      session.data.theme = 'light'
    })
    expect((await world.record(id)).data.theme).toBe('"light"')
  })
})

describe('a rule across keys that two parallel requests broke together', () => {
  const Range = v.pipe(
    v.object({ from: v.optional(v.number()), to: v.optional(v.number()), note: v.optional(v.string()) }),
    v.check(({ from, to }) => from === undefined || to === undefined || from <= to, 'from must not be after to'),
  )

  async function withBrokenRule() {
    const world = createWorld<v.InferOutput<typeof Range>>({ data: Range })
    const client = world.client()
    await client.send((session) => Object.assign(session.data, { from: 1, to: 5 }))
    const [a, b] = [await client.open(), await client.open()]
    a.session.data.from = 4
    b.session.data.to = 2
    await a.commit()
    await b.commit()
    return { world, client }
  }

  it('drops the data and stores new data, which then is read back', async () => {
    const { client } = await withBrokenRule()
    await client.send((session) => {
      expect({ ...session.data }).toEqual({})
      session.data.note = 'again'
    })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ note: 'again' })
  })

  it('takes an update', async () => {
    const { client } = await withBrokenRule()
    await client.send((session) => session.update('note', (note) => `${note ?? ''}!`))
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ note: '!' })
  })

  it('lets the user log in', async () => {
    const { client } = await withBrokenRule()
    await client.send((session) => session.login('ada'))
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })

  it('refuses the request that breaks it alone, and stores nothing of it', async () => {
    const world = createWorld<v.InferOutput<typeof Range>>({ data: Range })
    const client = world.client()
    await client.send((session) => Object.assign(session.data, { from: 1, to: 5 }))
    expect(await rejection(client.send((session) => Object.assign(session.data, { from: 9 })))).toMatchObject({
      code: 'ERR_DATA_INVALID',
    })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ from: 1, to: 5 })
  })
})

describe('stored data that does not fit, with invalidData: end', () => {
  it.each([false, true])(
    'leaves nothing of the ended session in the request that found it (sealed: %s)',
    async (sealed) => {
      const world = createWorld<ShopData>({ data: Shop, invalidData: 'end', sealed })
      const client = world.client()
      const writer = world.node({
        data: v.object({ cart: v.optional(v.any()), theme: v.optional(v.string()) }) as never,
      })
      const planted = await client.send((session) => {
        session.data.theme = 'dark'
        return session.id
      })
      const old = await writer.open(toView({ cookie: client.cookie() }))
      old.session.data.cart = 'not a list' as never
      await old.commit()

      const { value } = await client.send((session) => {
        const seen = { ...session.data }
        session.data.theme = 'new'
        return { seen, refused: session.refused, id: session.id }
      })
      expect(value.refused).toBe('invalid')
      expect(value.seen).toEqual({ cart: [] })
      expect(value.id).not.toBe(planted.value)
      expect(await world.kept(planted.value)).toMatchObject({ kind: 'ended', reason: 'invalid' })
      expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ theme: 'new', cart: [] })
    },
  )

  it('ends a session whose text is no JSON, without a schema too', async () => {
    const world = createWorld({ invalidData: 'end' })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.data.a = 1
      return session.id
    })
    await plant(world, id, { b: '{' })
    const { value } = await client.send((session) => [session.refused, Object.keys(session.data)])
    expect(value).toEqual(['invalid', []])
  })
})

describe('stored data that does not fit, with invalidData: throw', () => {
  it('throws where the data is looked at, with the path and without the value, and leaves the session as it is', async () => {
    const { world, client, id } = await withBadCart({ invalidData: 'throw' })
    const { session } = await client.open()
    const error = await rejection(() => session.data)
    expect(error).toMatchObject({ code: 'ERR_DATA_INVALID', status: 500 })
    expect(error.message).toContain('cart')
    expect(error.message).not.toContain('not a list')
    expect(await world.kept(id)).toMatchObject({ kind: 'live' })
  })

  it.each([false, true])('does not keep the user from logging out (sealed: %s)', async (sealed) => {
    const world = createWorld<ShopData>({ data: Shop, invalidData: 'throw', sealed })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.data.theme = 'dark'
      return session.id
    })
    const old = await world
      .node({ data: v.object({ theme: v.optional(v.any()) }) as never })
      .open(toView({ cookie: client.cookie() }))
    old.session.data.theme = 7 as never
    await old.commit()
    expect(await rejection(client.send((session) => session.data))).toMatchObject({ code: 'ERR_DATA_INVALID' })
    await client.send((session) => session.logout())
    expect(await world.kept(id)).toMatchObject({ kind: 'ended', reason: 'logout' })
  })
})

describe('data that turns bad while a request runs', () => {
  it.each(['end', 'throw'] as const)('rejects an update with a typed error (invalidData: %s)', async (invalidData) => {
    const world = createWorld<ShopData>({ data: Shop, invalidData })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.data.theme = 'dark'
      return session.id
    })
    const { session } = await client.open()
    await plant(world, id, { cart: '7', theme: '"light"' })
    const error = await rejection(session.update('theme', (theme) => `${theme}!`))
    expect(error).toMatchObject({ name: 'SessionError', code: 'ERR_DATA_INVALID' })
  })
})

describe('an earlier assignment to the key that is updated', () => {
  it('is checked by the schema like any other', async () => {
    const world = createWorld<ShopData>({ data: Shop })
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.data.theme = 'dark'
      return session.id
    })
    const { session } = await client.open()
    session.data.theme = 7 as never
    expect(await rejection(session.update('theme', () => 'light'))).toMatchObject({ code: 'ERR_DATA_INVALID' })
    expect((await world.record(id)).data.theme).toBe('"dark"')
  })
})

describe('flash text that is no JSON', () => {
  it('counts as none, and is removed', async () => {
    const world = createWorld()
    const client = world.client()
    const { value: id } = await client.send((session) => {
      session.flash.set('note', 'saved')
      return session.id
    })
    await plant(world, id, { '~fnote': '{"broken' })
    expect((await client.send((session) => session.flash.take('note'))).value).toBeUndefined()
    expect((await world.record(id)).data).toEqual({})
  })
})

describe('what other code adds to Object.prototype is no data', () => {
  it.each<[string, unknown]>([
    ['a text', '"true"'],
    ['an object', { deep: {} }],
  ])('%s is neither read, nor stored, and a request that reads writes nothing', async (_, value) => {
    const world = createWorld()
    const client = world.client()
    const seen: unknown[] = []
    Object.assign(Object.prototype, { isAdmin: value })
    let id: SessionId
    try {
      id = (
        await client.send((session) => {
          Object.assign(session.data, { a: { b: 1 } })
          return session.id
        })
      ).value
      world.store.calls.length = 0
      await client.send(({ data }) => void seen.push(data.a, data.isAdmin, Object.keys(data)))
      seen.push(world.store.count('write'))
      await client.send(({ data }) => void Object.assign(data.a as object, { b: 2 }))
      await client.send((session) => session.login('user-1'))
    } finally {
      Reflect.deleteProperty(Object.prototype, 'isAdmin')
    }
    expect(seen).toEqual([{ b: 1 }, undefined, ['a'], 0])
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: { b: 2 } })
    expect((await world.kept(id))?.kind).toBe('ended')
  })
})

describe('schema output that JSON cannot carry', () => {
  it('is refused when sessions are created', async () => {
    const Broken = v.object({ since: v.optional(v.date(), () => new Date(0)) })
    const error = await rejection(() => createWorld({ data: Broken }))
    expect(error).toMatchObject({ code: 'ERR_DATA_NOT_JSON' })
    expect(error.message).toContain('data.since')
  })
})
