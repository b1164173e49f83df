import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, toView } from './kit.ts'

describe('3 Strict', () => {
  it('fixation: a token that an attacker planted before the login opens nothing after it', async () => {
    const world = createWorld()
    const attacker = world.client()
    await attacker.send(edit({ cart: ['bait'] }))
    const planted = attacker.cookie()
    const victim = world.client()
    for (const [key, value] of attacker.jar) victim.jar.set(key, value)
    await victim.send((session) => session.login('ada'))
    expect(victim.cookie()).not.toBe(planted)
    expect((await attacker.send(look)).value).toEqual({ userId: null, refused: 'ended', data: {} })
    expect((await victim.send(look)).value.userId).toBe('ada')
  })

  it('fixation: an id or token of the client’s own making never becomes a session', async () => {
    const world = createWorld()
    const made = world.node().open(toView())
    const { session } = await made
    const client = world.client()
    for (const text of ['A'.repeat(54), session.id, 'admin', '0'.repeat(54)]) {
      const { value } = await client.send(
        (opened) => {
          edit({ mine: true })(opened)
          return [opened.id, opened.refused, opened.isNew]
        },
        { cookie: `__Host-session=${text}` },
      )
      expect(['unknown', 'malformed']).toContain(value[1])
      expect(value[2]).toBe(true)
      expect(client.token()).not.toContain(text)
      expect(client.token()?.slice(0, 20)).not.toBe(text.slice(0, 20))
    }
  })

  it('a token of one application is unknown to another', async () => {
    const [one, two] = [createWorld(), createWorld()]
    const client = one.client()
    await client.send((session) => session.login('ada'))
    expect((await two.client().send(look, { cookie: client.cookie() })).value).toMatchObject({
      userId: null,
      refused: 'unknown',
    })
  })

  it('a swept session is never adopted by its token', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { value: before } = await client.send((session) => session.id)
    world.clock.advance(86_400_000)
    await world.sessions.sweep()
    await client.send(edit({ b: 2 }))
    const { value } = await client.send((session) => ({ ...look(session), id: session.id }))
    expect(value).toMatchObject({ data: { b: 2 }, refused: null })
    expect(value.id).not.toBe(before)
  })
})
