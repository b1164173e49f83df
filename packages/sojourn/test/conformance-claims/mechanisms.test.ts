import { describe, expect, test } from 'vitest'
import { createWorld, edit, look } from '../core/kit.ts'

describe('a live token that does not come in the session cookie', () => {
  test.each<[place: string, request: (token: string) => { url?: string; headers?: Record<string, string> }]>([
    ['the query', (token) => ({ url: `/account?session=${token}&sid=${token}&__Host-session=${token}` })],
    ['the path', (token) => ({ url: `/account;jsessionid=${token}` })],
    ['the fragment', (token) => ({ url: `/account#__Host-session=${token}` })],
    ['Authorization', (token) => ({ headers: { authorization: `Bearer ${token}` } })],
    ['a header of its name', (token) => ({ headers: { session: token, 'x-session': token, '__host-session': token } })],
    ['a cookie of another name', (token) => ({ headers: { cookie: `session=${token}; id=${token}` } })],
    ['a cookie without a name', (token) => ({ headers: { cookie: `=__Host-session=${token}` } })],
  ])('is not looked at in %s', async (_, toRequest) => {
    const world = createWorld()
    const victim = world.client()
    await victim.send((session) => session.login('ada'))
    world.store.calls.length = 0
    const { url, headers = {} } = toRequest(victim.token() ?? '')
    const attacker = world.client()
    const cookie = headers.cookie ?? ''
    const request = { ...(url !== undefined && { url }), headers, cookie }
    expect((await attacker.send(look, request)).value).toEqual({ userId: null, refused: null, data: {} })
    expect(world.store.calls).toEqual([])
    await attacker.send(edit({ a: 1 }), request)
    expect(attacker.token()?.slice(0, 20)).not.toBe(victim.token()?.slice(0, 20))
  })
})
