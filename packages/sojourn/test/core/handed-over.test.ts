import { describe, expect, it } from 'vitest'
import { createWorld, rejection } from './kit.ts'

describe('objects that the application passes stay its own', () => {
  it('its list of methods is copied, so later changes of the list prove nothing', async () => {
    const world = createWorld()
    const client = world.client()
    const methods = ['pwd']
    await client.send(async (session) => {
      await session.login('ada', { methods })
      methods.push('otp')
      expect(session.methods).toEqual(['pwd'])
      await session.reauthenticated({ methods })
      methods.push('hwk')
      await session.rotate()
    })
    const { value } = await client.send((session) => session.methods)
    expect(value).toEqual(['pwd', 'otp'])
    expect(world.eventsOf('login')[0]?.methods).toEqual(['pwd'])
    expect(methods).toEqual(['pwd', 'otp', 'hwk'])
  })

  it('objects that the session returns cannot be changed, so they add no proof', async () => {
    const client = createWorld().client()
    await client.send((session) => session.login('ada', { methods: ['pwd'] }))
    await client.send(async (session) => {
      expect(() => (session.methods as string[]).push('otp')).toThrow(TypeError)
      await session.rotate()
    })
    expect((await client.send((session) => session.methods)).value).toEqual(['pwd'])
  })

  it('its list of guards is copied', async () => {
    const guards: never[] = []
    const { sessions } = createWorld({ guards })
    guards.push({ name: 'late', check: () => ({ status: 418, reason: 'late', message: 'late' }) } as never)
    const exchange = await sessions.open({ method: 'GET', url: '/', secure: true, peer: null, header: () => null })
    expect(exchange.answer).toBeNull()
  })
})

describe('an option of a verb that is misspelled, or of another type, is an error: it would be left out in silence', () => {
  it.each<[string, object]>([
    ['method', { method: ['otp'] }],
    ['methods', { methods: 'otp' }],
    ['methods', { methods: ['pwd', 7] }],
    ['assurance', { assurance: 2 }],
    ['remember', { remember: true }],
    ['device', { device: 'phone' }],
  ])('login: %s', async (name, options) => {
    const world = createWorld()
    const error = await rejection(world.client().send((session) => session.login('ada', options as never)))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(name)
    expect(world.store.count('create')).toBe(0)
  })

  it('logout, reauthenticated, revokeAll', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session } = await client.open()
    for (const [verb, name] of [
      [session.logout({ everyWhere: true } as never), 'everyWhere'],
      [session.logout({ everywhere: 'yes' } as never), 'everywhere'],
      [session.logout({ clearSiteData: 'cookies' } as never), 'clearSiteData'],
      [session.reauthenticated({ amr: ['otp'] } as never), 'amr'],
      [world.sessions.revokeAll('ada', { exept: session.id } as never), 'exept'],
    ] as const) {
      const error = await rejection(verb)
      expect(error).toMatchObject({ code: 'ERR_OPTION' })
      expect(error.message).toContain(name)
    }
    expect(await world.sessions.list('ada')).toHaveLength(1)
  })
})
