import type { LimitTicks, Run, SlowRequest, Verb } from './run.ts'

const LIMITS: LimitTicks = { grace: 2, renew: 4 }

/** Open for a while, so that others end or change the session meanwhile. */
function open(verb: Verb, ticks = 1): SlowRequest {
  return { verb, sent: 0, open: ticks, way: 0 }
}

const ENDS = ['S1', 'S2', 'S5', 'S8'] as const

/** Ended stays ended, a replaced token opens nothing, and a request that was open meanwhile changes nothing of that. */
export const runsOfEnds: readonly Run[] = [
  {
    name: 'two slow logins, revoked meanwhile',
    variant: 'one node',
    checks: ENDS,
    limits: LIMITS,
    quick: ['get'],
    slow: [open('login'), open('write')],
    parallel: 2,
    revokes: true,
  },
  {
    name: 'every verb at once and every verb slow',
    variant: 'one node',
    checks: ENDS,
    limits: LIMITS,
    quick: ['get', 'login', 'logout', 'rotate'],
    slow: [open('login'), open('logout'), open('rotate'), open('reauthenticated'), open('write')],
    parallel: 1,
    revokes: true,
  },
  {
    name: 'two slow verbs of every kind',
    variant: 'one node',
    checks: ENDS,
    limits: LIMITS,
    quick: ['get', 'login'],
    slow: [open('login'), open('logout'), open('rotate'), open('reauthenticated'), open('write')],
    parallel: 2,
    revokes: true,
    large: true,
  },
  {
    name: 'logout and rotation on two nodes',
    variant: 'near cache',
    checks: ENDS,
    limits: LIMITS,
    nodes: 2,
    maxStale: 1,
    quick: ['get', 'rotate', 'logout'],
    slow: [open('write')],
    parallel: 1,
  },
  {
    name: 'every verb on two nodes',
    variant: 'near cache',
    checks: ENDS,
    limits: LIMITS,
    nodes: 2,
    maxStale: 1,
    quick: ['get', 'login', 'logout', 'rotate'],
    slow: [open('login'), open('rotate'), open('write')],
    parallel: 1,
    revokes: true,
    large: true,
  },
  {
    name: 'rotation and logout, one tick apart',
    variant: 'skewed clocks',
    checks: ENDS,
    limits: LIMITS,
    nodes: 2,
    skew: 1,
    quick: ['get', 'rotate', 'logout'],
    slow: [open('rotate'), open('write')],
    parallel: 1,
  },
  {
    name: 'a slow request across the absolute limit',
    variant: 'one node',
    checks: ['S1', 'S2', 'S8'],
    limits: { grace: 2, renew: 3, absolute: 4 },
    quick: ['get', 'login'],
    slow: [open('login', 2), open('rotate', 2), open('reauthenticated', 2), open('write', 2)],
    parallel: 1,
  },
  {
    name: 'a slow request across the idle limit',
    variant: 'one node',
    checks: ['S1', 'S2', 'S8'],
    limits: { grace: 2, renew: 8, touch: 1, idle: 3, absolute: 8 },
    quick: ['get'],
    slow: [open('get', 2), open('rotate', 2), open('reauthenticated', 2), open('write', 2)],
    parallel: 1,
  },
]
