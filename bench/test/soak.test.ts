import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fillSection, README } from '../src/readme.mjs'
import { SOAK } from '../src/results.mjs'
import { isFlat, slopeOf } from '../src/soak/measure.mjs'
import { soakApart } from '../src/soak/run.mjs'
import { renderSoak } from '../src/soak/table.mjs'
import { leaks, targets } from '../src/soak/targets.mjs'

/** So many visitors, whatever the machine: enough for what is kept of each to stand out. */
const SHORT = { perRound: 100, rounds: 12 }

describe('memory is bounded by what is configured, not by how many sessions came and went', () => {
  test.each(Object.keys(targets))(
    '%s',
    async (name) => {
      const soaked = await soakApart(name, SHORT)
      expect(soaked.sessions).toBeGreaterThan(1000)
      expect(soaked.left, 'in the store, and timers').toBe(0)
      expect(isFlat(soaked), `${soaked.slope} bytes a session`).toBe(true)
    },
    120_000,
  )
})

describe('what keeps something for each session is found', () => {
  test.each(Object.keys(leaks))(
    '%s',
    async (name) => {
      expect(isFlat(await soakApart(name, SHORT))).toBe(false)
    },
    120_000,
  )

  test('and so is what stays in the store', () => {
    const none = { target: '', sessions: 100_000, rounds: 3, firstHeap: 0, lastHeap: 0, slope: 0, left: 0 }
    expect(isFlat(none)).toBe(true)
    expect(isFlat({ ...none, left: 1 })).toBe(false)
    expect(isFlat({ ...none, slope: 20 })).toBe(false)
  })

  test('by a slope that noise does not hide', () => {
    expect(
      slopeOf([
        [0, 5],
        [10, 25],
        [20, 45],
      ]),
    ).toBe(2)
    expect(
      slopeOf([
        [0, 5],
        [10, 9],
        [20, 5],
      ]),
    ).toBe(0)
  })
})

test.runIf(existsSync(SOAK))('nobody wrote figures of the soak into the README by hand', () => {
  const text = readFileSync(README, 'utf8')
  expect(fillSection(text, 'soak', renderSoak(JSON.parse(readFileSync(SOAK, 'utf8'))))).toBe(text)
})
