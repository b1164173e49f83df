import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderGuards } from '../src/guards/table.mjs'
import { DEFAULTS, targets } from '../src/guards/targets.mjs'
import { createVisits } from '../src/guards/visits.mjs'
import { fillSection, README } from '../src/readme.mjs'
import { GUARDS } from '../src/results.mjs'
import { SCENARIOS } from '../src/settings.mjs'

test.each(Object.entries(targets))('all requests that are measured do their work: %s', async (_name, target) => {
  const { run } = await createVisits(target, 5)
  for (const scenario of SCENARIOS) await run(scenario, 20)
})

test('the row of the defaults is a cost, and the others are differences to it', () => {
  const cost = (us: number) => ({ read: [us, us, us], write: [us, us, us], new: [us, us, us] })
  const machine = { commit: 'abc', changed: false, cores: 2, cpu: 'CPU', memoryMb: 1, system: 'Linux', node: '20' }
  const costs = { [DEFAULTS]: cost(5), one: cost(7), less: cost(4) }
  const text = renderGuards({ at: '2026-01-01', machine: { ...machine, pinned: true, versions: {} }, costs })
  expect(text).toContain('| defaults | 5.0 (5.0–5.0) |')
  expect(text).toContain('| one | +2.0 (2.0–2.0) |')
  expect(text).toContain('| less | -1.0 (-1.0–-1.0) |')
})

test.runIf(existsSync(GUARDS))('nobody wrote figures of the guards into the README by hand', () => {
  const text = readFileSync(README, 'utf8')
  expect(fillSection(text, 'guards', renderGuards(JSON.parse(readFileSync(GUARDS, 'utf8'))))).toBe(text)
})
