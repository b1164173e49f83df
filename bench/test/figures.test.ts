import { existsSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { startChild } from '../src/child.mjs'
import { renderFaults } from '../src/faults-table.mjs'
import type { Done, Job } from '../src/load.mjs'
import { fillIn, fillSection, README } from '../src/readme.mjs'
import { FAULTS, LATEST, readResults, SCALE } from '../src/results.mjs'
import { renderScale } from '../src/scale/table.mjs'
import { spreadOf, summarise, timesBound } from '../src/summary.mjs'

const row = (contender: string, round: number, cpuUs: number) =>
  ({ contender, round, scenario: 'read', requests: 100, ms: 50, cpuUs }) as const

describe('what the tables say', () => {
  test('added cost and ratio are against the bare server of the same round', () => {
    const rows = [
      row('node-bare', 0, 1000),
      row('node-lb-map', 0, 1200),
      row('node-sojourn-memory', 0, 1500),
      row('node-bare', 1, 2000),
      row('node-lb-map', 1, 2200),
      row('node-sojourn-memory', 1, 2300),
    ]
    const summaries = summarise(rows, 'read')
    const ours = summaries.get('node-sojourn-memory')
    expect(ours?.added).toEqual({ median: 4, min: 3, max: 5 })
    expect(ours?.rps.median).toBe(2000)
    expect(ours && timesBound(summaries, ours)).toBe(2)
  })

  test('a bound whose cost the noise hid is no bound', () => {
    const rows = [row('node-bare', 0, 1000), row('node-lb-map', 0, 900), row('node-sojourn-memory', 0, 1500)]
    const summaries = summarise(rows, 'read')
    const ours = summaries.get('node-sojourn-memory')
    expect(ours && timesBound(summaries, ours)).toBeNaN()
  })

  test('the median of an even number is between the middle two', () => {
    expect(spreadOf([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10 })
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
    const before = await server.call('cpu')
    expect(await load.call({ ...job, path: '/read', keep: false, requests: 500 })).toMatchObject({
      requests: 500,
      failures: 0,
    })
    expect(await server.call('cpu')).toBeGreaterThan(before)
  })
})
