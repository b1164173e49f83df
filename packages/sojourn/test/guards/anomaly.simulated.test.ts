import { beforeAll, describe, expect, test } from 'vitest'
import { HONEST } from './anomaly/honest.ts'
import { HOSTILE } from './anomaly/hostile.ts'
import { isFound, measure, type Result, rateOf, toRate, WHOLE } from './anomaly/measure.ts'

/** A part of what `npm run anomaly` runs. The histories depend on their seeds only, so the numbers are always the same. */
let results: readonly Result[] = []
beforeAll(async () => {
  results = await measure('unseen', 'full', { mixed: 150, honest: 6, hostile: 10 })
}, 120_000)

const share = (is: (result: Result) => boolean, least: 'medium' | 'high') => {
  const { hits, of } = rateOf(results.filter(is), (result) => isFound(result, least))
  return hits / of
}
const attack =
  (...kinds: readonly string[]) =>
  ({ history }: Result) =>
    history.hostile && kinds.includes(history.kind)

describe('of simulated histories', () => {
  test('there are at least 2000 in the whole set, honest and hostile', () => {
    const honest = WHOLE.mixed + WHOLE.honest * Object.keys(HONEST).length
    const hostile = WHOLE.hostile * Object.keys(HOSTILE).length
    expect(2 * honest).toBeGreaterThan(2000)
    expect(2 * hostile).toBeGreaterThan(1500)
  })

  test('the guard never failed', () => {
    expect(results.filter(({ driven }) => driven.faults > 0)).toEqual([])
  })

  test('thefts by another browser, from elsewhere, and by scripts are noticed', () => {
    expect(share(attack('own-browser', 'disguised', 'script'), 'medium')).toBeGreaterThanOrEqual(0.9)
    expect(share(attack('own-browser', 'script'), 'high')).toBeGreaterThanOrEqual(0.4)
  })

  test('tokens after a logout, after a login and after a renewal are noticed', () => {
    expect(share(attack('after-logout', 'fixation', 'old-token'), 'medium')).toBeGreaterThanOrEqual(0.75)
  })

  test('guesses and bursts are noticed, and rights without a login distrusted', () => {
    expect(share(attack('probing', 'creating', 'spraying'), 'medium')).toBeGreaterThanOrEqual(0.6)
    expect(share(attack('privileged'), 'high')).toBe(1)
  })

  test('a thief who copies the browser and works nearby is often not noticed, as the documents say', () => {
    expect(share(attack('same-network', 'disguised-away'), 'medium')).toBeLessThan(0.6)
  })

  test('honest users are rarely noticed and never distrusted', () => {
    const mixed = ({ isMixed }: Result) => isMixed
    expect(share(mixed, 'medium')).toBeLessThanOrEqual(0.03)
    expect(share(mixed, 'high')).toBe(0)
  })

  test('roaming, updates, relays, companies, apps and flights are quiet', () => {
    const quiet = [
      'stay',
      'roam',
      'roam-often',
      'flap',
      'commute',
      'company',
      'relay',
      'update',
      'fly',
      'abroad',
      'app',
    ]
    const isQuiet = ({ history }: Result) => !history.hostile && quiet.includes(history.kind)
    expect(results.filter(isQuiet).length).toBeGreaterThan(60)
    expect(share(isQuiet, 'medium')).toBe(0)
  })
})

test('confidence intervals are those of Wilson', () => {
  const { low, high } = toRate(8, 10)
  expect([low, high]).toEqual([expect.closeTo(0.49, 2), expect.closeTo(0.943, 2)])
  expect(toRate(0, 60).high).toBeCloseTo(0.06, 2)
})
