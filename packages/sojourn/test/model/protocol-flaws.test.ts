import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import {
  clearsDeadCookies,
  countsVersions,
  endsAtOnce,
  type Flaw,
  handlersWithStaleClock,
  loginLeavesSuperseded,
  longGrace,
  nearCacheWithoutReadNow,
  neverEnds,
  rotationWithGrace,
  withoutCompare,
  withoutTombstones,
} from './flaws.ts'
import type { Property, Run, SlowRequest, Verb } from './run.ts'

const base: Omit<Run, 'name' | 'checks'> = { variant: 'no cache', limits: { grace: 2, renew: 4 }, quick: ['get'] }

function open(verb: Verb, ticks = 1): SlowRequest {
  return { verb, sent: 0, open: ticks, way: 0 }
}

function late(ticks: number): SlowRequest {
  return { verb: 'get', sent: ticks, open: 0, way: 0 }
}

const FLAWS: readonly [name: string, broken: Property, flaw: Flaw, run: Partial<Run>][] = [
  [
    'every refused cookie is cleared',
    'S3',
    clearsDeadCookies,
    { limits: { grace: 2 }, begin: 'unknown', quick: ['get', 'login'], slow: [open('get')] },
  ],
  ['an end leaves no tombstone', 'S8', withoutTombstones(), { quick: ['get', 'logout'], slow: [open('write')] }],
  ['an end leaves no tombstone', 'S1', withoutTombstones(), { quick: ['get', 'logout'], slow: [open('write')] }],
  [
    'the store compares no head',
    'S2',
    withoutCompare,
    { variant: 'thief', quick: ['rotate'], slow: [open('get')], thief: { verbs: ['get'] } },
  ],
  ['the store compares no head', 'S5', withoutCompare, { slow: [open('get')], parallel: 2 }],
  [
    'a login leaves the session of a token that was replaced',
    'S4',
    loginLeavesSuperseded,
    { variant: 'thief', quick: ['get', 'login'], thief: { verbs: ['get', 'rotate'], rotations: 1 } },
  ],
  ['the first late request ends the session', 'S3', endsAtOnce, { slow: [late(3)] }],
  ['no reuse ends the session', 'S4', neverEnds, { variant: 'thief', thief: { verbs: ['get'] } }],
  [
    'versions are counted, and one number means two heads after a failover',
    'S7',
    countsVersions,
    { variant: 'failover', failover: true, slow: [open('reauthenticated'), open('get')], parallel: 2 },
  ],
  [
    'handlers see the time at which their request began',
    'S8',
    handlersWithStaleClock,
    {
      limits: { grace: 2, renew: 3, absolute: 4 },
      slow: [open('reauthenticated', 2)],
    },
  ],
  ['old secrets outlive their grace', 'S2', longGrace, { slow: [late(3)] }],
  ['a rotated secret has a grace', 'S2', rotationWithGrace, { quick: ['get', 'rotate'], slow: [late(1)] }],
  [
    'core cannot ask a near cache again',
    'S6',
    nearCacheWithoutReadNow,
    { variant: 'near cache', nodes: 2, maxStale: 1 },
  ],
]

describe('the model notices when', () => {
  it.each(FLAWS)('%s (%s)', async (name, property, flaw, part) => {
    const run: Run = { ...base, name, checks: [property], ...part }
    expect((await explore(run, { maxStates: 30_000 }, flaw)).found?.property).toBe(property)
  })

  it.each(FLAWS)('only then: without the flaw "%s" %s holds', async (name, property, _, part) => {
    const run: Run = { ...base, name, checks: [property], ...part }
    const { found } = await explore(run, { maxStates: 5000 })
    expect(found?.trace).toBeUndefined()
  })
})
