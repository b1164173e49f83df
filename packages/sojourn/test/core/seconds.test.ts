import type { Timeouts } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { createWorld } from './kit.ts'

const SECONDS = /^sojourn: (\S+) is (\d+) ms\. For seconds, write '\2s'\.$/

/** What the warnings name. */
const namesOf = (warnings: readonly string[]): readonly string[] =>
  warnings.map((text) => SECONDS.exec(text)?.[1] ?? text)

describe('seconds in place of milliseconds', () => {
  test.each<[string, Timeouts]>([
    ['idle', { idle: 1800 }],
    ['idle', { idle: 86_400 }],
    ['absolute', { idle: '5s', absolute: 43_200 }],
    ['absolute', { idle: '5m', absolute: 2_592_000 }],
    ['renew', { renew: 3600 }],
    ['grace', { grace: 120 }],
  ])('timeouts: %s of %j is a warning at the start', async (name, timeouts) => {
    const { warnings } = createWorld({ timeouts })
    expect(namesOf(warnings)).toEqual([`timeouts.${name}`])
  })

  test('a login with absolute in seconds is a warning, once', async () => {
    const { client, warnings } = createWorld()
    const { send } = client()
    for (let count = 0; count < 2; count++) await send((session) => session.login('ada', { absolute: 2_592_000 }))
    expect(namesOf(warnings)).toEqual(['absolute'])
    await send((session) => session.login('ada', { idle: 1800 }))
    expect(namesOf(warnings)).toEqual(['absolute', 'idle'])
  })

  test('authenticatedWithin in seconds is a warning, once', async () => {
    const { client, warnings } = createWorld()
    await client().send((session) => [session.authenticatedWithin(300), session.authenticatedWithin(300)])
    expect(namesOf(warnings)).toEqual(['authenticatedWithin'])
  })

  test('texts and long numbers are no warnings', async () => {
    const short = { idle: '1s', absolute: '2s', renew: '50ms', grace: '20ms', touch: '1s' } as const
    const long = { idle: 120_000, absolute: 2_700_000, renew: 60_000, grace: 1000, touch: 1 } as const
    for (const timeouts of [short, long]) {
      const { client, warnings } = createWorld({ timeouts })
      await client().send(async (session) => {
        await session.login('ada', { absolute: '1s', idle: '1ms' })
        await session.login('ada', { absolute: 2_700_000, idle: 120_000 })
        return [session.authenticatedWithin('1s'), session.authenticatedWithin(60_000)]
      })
      expect(warnings).toEqual([])
    }
  })

  test('an absolute limit below the default idle limit: the error shows both, and a warning the unit', () => {
    expect(() => createWorld({ timeouts: { absolute: 43_200 } })).toThrow(
      'timeouts.idle (30m) must not be longer than timeouts.absolute (43200).',
    )
  })
})
