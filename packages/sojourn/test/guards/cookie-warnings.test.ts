import { formTokens } from 'sojourn/guards/form-tokens'
import { newDevice } from 'sojourn/guards/new-device'
import { describe, expect, test, vi } from 'vitest'
import { createWorld, toView } from '../core/kit.ts'

/** A server behind a proxy that it does not trust: browsers drop each cookie. */
const view = () => ({ ...toView({ headers: { 'x-forwarded-proto': 'https' } }), secure: false })
const reason =
  /^sojourn: browsers may drop the cookie "(.+)": it is Secure, and a proxy reports HTTPS, but is not trusted/

describe('a cookie of a guard that browsers drop: `warn` of createSessions is told', () => {
  const onConsole = vi.spyOn(console, 'warn')

  test('of the cookie of form tokens', async () => {
    const forms = formTokens()
    const { sessions, warnings } = createWorld({ guards: [forms] })
    for (const _ of [1, 2]) {
      const { session, commit } = await sessions.open(view())
      forms.token(session)
      await commit()
    }
    expect(warnings).toEqual([expect.stringMatching(reason)])
    expect(warnings[0]).toContain('__Host-form-tokens')
    expect(onConsole).not.toHaveBeenCalled()
  })

  test('once for one cause, if it affects the cookies of the session and of known devices alike', async () => {
    const devices = newDevice({
      origin: 'https://shop.example',
      keys: ['a key of at least thirty-two characters'],
      notify: () => {},
      disowned: () => {},
    })
    const { sessions, warnings } = createWorld({ guards: [devices] })
    const { session, commit } = await sessions.open(view())
    await session.login('ada')
    const names = (await commit()).map(({ value }) => value.split('=', 1)[0])
    expect(names).toEqual(expect.arrayContaining(['__Host-session', '__Host-known-devices']))
    expect(warnings).toEqual([expect.stringMatching(reason)])
    expect(onConsole).not.toHaveBeenCalled()
  })

  test('by its own `warn` if the cookie has one', async () => {
    const told: string[] = []
    const forms = formTokens({ cookie: { warn: (message) => told.push(message) } })
    const { sessions, warnings } = createWorld({ guards: [forms] })
    const { session, commit } = await sessions.open(view())
    forms.token(session)
    await commit()
    expect([told.length, warnings]).toEqual([1, []])
  })
})
