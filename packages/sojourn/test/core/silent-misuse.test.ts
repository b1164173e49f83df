import { describe, expect, it } from 'vitest'
import { createWorld, edit, rejection } from './kit.ts'

describe('a user id that is no string', () => {
  for (const userId of [42, null, undefined, '', {}] as unknown as readonly string[]) {
    it(`${JSON.stringify(userId) ?? 'undefined'} is an error for whoever lists, ends, exports or erases`, async () => {
      const { sessions, client } = createWorld()
      await client().send((session) => session.login('42'))
      for (const call of [
        sessions.list(userId),
        sessions.revokeAll(userId),
        sessions.export(userId),
        sessions.erase(userId),
      ]) {
        expect(await rejection(call)).toMatchObject({ code: 'ERR_OPTION' })
      }
      expect(await sessions.list('42')).toHaveLength(1)
    })
  }
})

describe('data that the application freezes', () => {
  for (const freeze of [Object.freeze, Object.seal, Object.preventExtensions]) {
    it(`is an error on that line, and a login after it works: ${freeze.name}`, async () => {
      const world = createWorld()
      const client = world.client()
      await client.send(edit({ cart: ['lamp'] }))
      await client.send(async (session) => {
        expect(await rejection(() => freeze(session.data))).toMatchObject({ code: 'ERR_MISUSE' })
        await session.login('ada')
        session.data.n = 1
      })
      const { value } = await client.send((session) => [session.userId, { ...session.data }])
      expect(value).toEqual(['ada', { cart: ['lamp'], n: 1 }])
    })
  }

  for (const [what, descriptor] of Object.entries({
    'could not be replaced': { value: 1, enumerable: true, writable: true },
    'could not be written': { value: 1, enumerable: true, configurable: true },
    'would not be listed': { value: 1, configurable: true, writable: true },
    'has a getter': { get: () => 1, enumerable: true, configurable: true },
  })) {
    it(`takes no property that ${what}, and a login after it works`, async () => {
      const world = createWorld()
      const client = world.client()
      await client.send(edit({ n: 5 }))
      await client.send(async (session) => {
        for (const key of ['n', 'other']) {
          const wanted = key === 'n' ? { configurable: false, ...descriptor, enumerable: false } : descriptor
          expect(await rejection(() => Object.defineProperty(session.data, key, wanted))).toMatchObject({
            code: 'ERR_MISUSE',
          })
        }
        await session.login('ada')
      })
      const { value } = await client.send((session) => [session.userId, { ...session.data }])
      expect(value).toEqual(['ada', { n: 5 }])
    })
  }

  it.each([{ get: () => 1 }, { set: () => {} }])(
    'takes no %o in place of a value that is there',
    async (descriptor) => {
      const world = createWorld()
      const client = world.client()
      await client.send(edit({ n: 5 }))
      const error = await client.send((session) =>
        rejection(() => Object.defineProperty(session.data, 'n', descriptor)),
      )
      expect(error.value).toMatchObject({ code: 'ERR_MISUSE' })
      expect((await client.send((session) => session.data.n)).value).toBe(5)
    },
  )

  it('takes no other prototype, whose properties would be stored as data', async () => {
    const world = createWorld()
    await world.client().send((session) => {
      expect(() => Object.setPrototypeOf(session.data, { isAdmin: true })).toThrow(TypeError)
      expect(session.data.isAdmin).toBeUndefined()
    })
    expect(world.store.count('create')).toBe(0)
  })

  it('takes what tools do that change nothing: its own prototype, and a property as an assignment makes it', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => {
      Object.setPrototypeOf(session.data, Object.prototype)
      const ordinary = { writable: true, enumerable: true, configurable: true }
      Object.defineProperty(session.data, 'cart', { value: ['tea'], ...ordinary })
      Object.defineProperty(session.data, 'cart', { value: ['milk'] })
      expect(session.data.cart).toEqual(['milk'])
    })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ cart: ['milk'] })
  })
})

describe('7 a login whose record was stored, but whose answer was lost', () => {
  it('leaves no session among the user’s devices that nobody holds', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ cart: ['lamp'] }))
    world.store.fail('create', { when: 'after' })
    await client.send(async (session) => {
      expect(await rejection(session.login('ada', { absolute: '30d' }))).toMatchObject({ code: 'ERR_STORE' })
    })
    expect(await world.sessions.list('ada')).toEqual([])
    expect((await client.send((session) => session.data.cart)).value).toEqual(['lamp'])
  })
})
