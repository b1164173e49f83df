import { existsSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { budgetsOf, toVerdict } from '../src/budgets.mjs'
import { startChild } from '../src/child.mjs'
import { type Estimate, estimate, type Series } from '../src/estimates.mjs'
import { renderFaults } from '../src/faults-table.mjs'
import type { Done, Job } from '../src/load.mjs'
import { fillIn, fillSection, README } from '../src/readme.mjs'
import { FAULTS, LATEST, readResults, SCALE } from '../src/results.mjs'
import { neededNames } from '../src/rounds.mjs'
import { renderScale } from '../src/scale/table.mjs'

/** What was measured of one contender, a µs figure for each round. */
const series = (contender: string, ...costsUs: number[]): Series => ({
  contender,
  scenario: 'read',
  requests: costsUs.map(() => 100),
  ms: costsUs.map(() => 50),
  cpuUs: costsUs.map((us) => us * 100),
  majors: costsUs.map(() => 0),
  steal: costsUs.map(() => 0),
})

const budget = (value: number, low: number, high: number) =>
  toVerdict({ what: 'it', unit: 'µs', limit: 5, figure: { value, low, high } })

describe('what the tables say', () => {
  test('added cost is over the bare server, and times the bound are of what both add', () => {
    const estimates = estimate([
      series('node-bare', 10, 10, 10),
      series('node-lb-map', 12, 12, 12),
      series('node-sojourn-memory', 15, 15, 15),
    ])
    const ours = estimates.get('node-sojourn-memory')
    expect(ours?.added).toEqual({ value: 5, low: 5, high: 5 })
    expect(ours?.timesBound).toEqual({ value: 2.5, low: 2.5, high: 2.5 })
    expect(ours?.rps).toBe(2000)
    expect(estimates.get('node-lb-map')?.timesBound).toBe(null)
  })

  test('an interval that holds the limit is said, and is neither met nor missed', () => {
    expect(budget(4, 3, 5)).toMatchObject({ outcome: 'met', verdict: 'met', measured: '4.0 (3.0–5.0) µs' })
    expect(budget(7, 5.1, 9)).toMatchObject({ outcome: 'missed', verdict: 'missed by 2.0 µs' })
    expect(budget(4.6, 4.1, 6)).toMatchObject({ outcome: 'undecided', verdict: 'between 4.1 and 6.0 µs' })
  })

  test('a bound that costs nothing is a figure too', () => {
    const all = [series('node-bare', 10, 10), series('node-lb-map', 10, 10), series('node-sojourn-memory', 15, 15)]
    const ours = estimate(all).get('node-sojourn-memory')
    const verdicts = budgetsOf(ours as Estimate, 'read').map(toVerdict)
    expect(verdicts.map(({ measured, verdict }) => [measured, verdict])).toEqual([
      ['5.0 (5.0–5.0) µs', 'met'],
      ['more than ∞ ×', 'missed'],
    ])
  })

  test('rounds go on for the contenders that an undecided budget compares, and for no others', () => {
    const all = [
      series('fastify-bare', 10, 10, 10, 10),
      series('fastify-lb-map', 11, 11, 11, 11),
      series('fastify-sojourn-memory', 15, 14, 16, 15),
      series('fastify-lb-lmdb', 12, 12, 12, 12),
      series('fastify-sojourn-lmdb', 20, 20, 20, 20),
      series('fastify-session', 70, 70, 70, 70),
      series('fastify-secure-session', 20, 20, 20, 20),
    ]
    expect([...neededNames(all)].sort()).toEqual([
      'fastify-bare',
      'fastify-lb-map',
      'fastify-session',
      'fastify-sojourn-memory',
    ])
    expect(neededNames(all.filter(({ contender }) => !contender.endsWith('memory')))).toEqual(new Set())
  })

  test.runIf(existsSync(LATEST))('nobody wrote figures into the README by hand', async () => {
    const text = readFileSync(README, 'utf8')
    expect(fillIn(text, await readResults(LATEST))).toBe(text)
  })

  test.runIf(existsSync(FAULTS))('nor what became of servers in trouble', () => {
    const text = readFileSync(README, 'utf8')
    const faults = JSON.parse(readFileSync(FAULTS, 'utf8'))
    expect(fillSection(text, 'faults', renderFaults(faults))).toBe(text)
  })

  test.runIf(existsSync(SCALE))('nor what it is like with a million sessions', () => {
    const text = readFileSync(README, 'utf8')
    const scale = JSON.parse(readFileSync(SCALE, 'utf8'))
    expect(fillSection(text, 'scale', renderScale(scale))).toBe(text)
  })
})

describe('the load', () => {
  const started: { stop(): Promise<void> }[] = []
  afterAll(() => Promise.all(started.map((child) => child.stop())))

  test('sends as many requests as it says, and counts every failure', async () => {
    const load = await startChild('load.mjs', { core: 1 })
    const server = await startChild('server.mjs', { core: 0, args: ['node-bare', '{}'] })
    started.push(load, server)
    const job: Job = {
      contender: 'node-bare',
      port: server.hello,
      path: '/new',
      connections: 4,
      requests: 50,
      ms: 10_000,
      keep: true,
    }
    const made: Done = await load.call(job)
    // A read stands beside each new session but the first.
    expect(made).toMatchObject({ requests: 99, failures: 0 })
    const before = await server.call('used')
    expect(await load.call({ ...job, path: '/read', keep: false, requests: 500 })).toMatchObject({
      requests: 500,
      failures: 0,
    })
    expect((await server.call('used')).cpuUs).toBeGreaterThan(before.cpuUs)
  })
})
