import type { LimitTicks, Run, SlowRequest, Verb } from './run.ts'

const LIMITS: LimitTicks = { grace: 2, renew: 4 }

/** Open for a while, so that others end or change the session meanwhile. */
function open(verb: Verb, ticks = 1): SlowRequest {
  return { verb, sent: 0, open: ticks, way: 0 }
}

const LATE: SlowRequest = { verb: 'get', sent: 1, open: 0, way: 0 }

const base: Omit<Run, 'name'> = {
  variant: 'no cache',
  checks: ['S1', 'S2', 'S5', 'S8'],
  limits: LIMITS,
  quick: ['get'],
}

const cached: Omit<Run, 'name'> = { ...base, variant: 'near cache', nodes: 2, maxStale: 1 }
const skewed: Omit<Run, 'name'> = { ...base, variant: 'skewed clocks', nodes: 2, skew: 1 }

/** Ended stays ended, a replaced token opens nothing, and a request that was open meanwhile changes nothing of that. */
export const runsOfEnds: readonly Run[] = [
  {
    ...base,
    name: 'a slow login, a revocation, every verb at once',
    quick: ['get', 'login', 'logout', 'rotate'],
    slow: [open('login')],
    revokes: true,
  },
  {
    ...base,
    name: 'a slow rotation, every verb at once',
    quick: ['get', 'login', 'logout', 'rotate'],
    slow: [open('rotate')],
  },
  { ...base, name: 'a slow proof', quick: ['get', 'rotate'], slow: [open('reauthenticated'), LATE], large: true },
  { ...base, name: 'a slow write', quick: ['get', 'logout', 'rotate'], slow: [open('write')], large: true },
  {
    ...base,
    name: 'a slow proof and a slow write',
    quick: ['get', 'logout', 'rotate'],
    slow: [open('reauthenticated'), open('write')],
    parallel: 2,
    large: true,
  },
  { ...base, name: 'two slow logins', slow: [open('login')], parallel: 2, revokes: true, large: true },
  {
    ...base,
    name: 'two slow verbs of every kind',
    quick: ['get', 'login'],
    slow: [open('login'), open('logout'), open('rotate'), open('reauthenticated'), open('write')],
    parallel: 2,
    revokes: true,
    large: true,
  },
  {
    ...base,
    name: 'a rotation between two calls to the store',
    nodes: 2,
    quick: ['get', 'rotate'],
    slow: [LATE],
    cuts: ['rotate'],
  },
  {
    ...base,
    name: 'a logout between two calls to the store',
    nodes: 2,
    quick: ['get', 'login'],
    slow: [LATE],
    cuts: ['logout'],
  },
  {
    ...base,
    name: 'other requests between two calls to the store of a slow one',
    nodes: 2,
    quick: ['get', 'login', 'logout', 'rotate'],
    slow: [open('login'), open('rotate'), open('write')],
    cuts: ['get', 'login', 'logout', 'rotate'],
    large: true,
  },
  { ...cached, name: 'logout and rotation on two nodes', quick: ['rotate', 'logout'], slow: [LATE], large: true },
  {
    ...cached,
    name: 'every verb on two nodes, and a slow write',
    quick: ['get', 'login', 'logout', 'rotate'],
    slow: [open('write')],
    revokes: true,
    large: true,
  },
  {
    ...skewed,
    name: 'logout and rotation, one tick apart',
    quick: ['get', 'rotate', 'logout'],
    slow: [LATE],
    large: true,
  },
  {
    ...skewed,
    name: 'a slow rotation, one tick apart',
    quick: ['get', 'rotate'],
    slow: [open('rotate'), open('write')],
    large: true,
  },
  {
    ...base,
    name: 'a slow request across the absolute limit',
    limits: { grace: 2, renew: 3, absolute: 4 },
    slow: [open('login', 2), open('rotate', 2), open('reauthenticated', 2), open('write', 2)],
  },
  {
    ...base,
    name: 'a slow request across the idle limit',
    limits: { grace: 2, renew: 8, touch: 1, idle: 3, absolute: 8 },
    slow: [open('get', 2), open('rotate', 2), open('reauthenticated', 2), open('write', 2)],
  },
]
