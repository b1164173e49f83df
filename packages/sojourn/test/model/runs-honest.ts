import type { Run, SlowRequest } from './run.ts'

/** A request whose phases last up to these ticks. */
function get(sent: number, open: number, way: number): SlowRequest {
  return { verb: 'get', sent, open, way }
}

const HONEST = ['S3', 'S5'] as const
const base: Omit<Run, 'name'> = {
  variant: 'one node',
  checks: HONEST,
  limits: { grace: 2, renew: 4 },
  quick: ['get'],
}

/** Renewal never logs an honest client out, within its bounds; parallel requests get the same successor; lag refuses nobody. */
export const runsOfHonest: readonly Run[] = [
  {
    ...base,
    name: 'three parallel requests, late by less than the grace, answers lost',
    slow: [get(1, 0, 0)],
    parallel: 3,
    losses: true,
  },
  {
    ...base,
    name: 'two parallel requests, slow in every phase',
    slow: [get(1, 1, 1)],
    parallel: 2,
    losses: true,
  },
  {
    ...base,
    name: 'one request, later than the grace',
    slow: [get(3, 0, 0)],
  },
  {
    ...base,
    name: 'a request with a cookie of no session, answered after a login',
    begin: 'unknown',
    quick: ['get', 'login'],
    slow: [get(1, 1, 1)],
  },
  {
    ...base,
    name: 'a request with an expired cookie, answered after a login',
    begin: 'expired',
    limits: { grace: 2, renew: 4, absolute: 8 },
    quick: ['get', 'login'],
    slow: [get(1, 1, 1)],
  },
  {
    ...base,
    name: 'a request with a cookie that ended long ago, answered after a login',
    begin: 'ended',
    quick: ['get', 'login'],
    slow: [get(1, 1, 1)],
  },
  {
    ...base,
    name: 'the answer of a renewal, overtaken by that of a login',
    slow: [get(0, 0, 1)],
    quick: ['get', 'login'],
    happens: { property: 'S3', why: 'the browser keeps the cookie it got last' },
  },
  {
    ...base,
    name: 'the answer of a renewal, overtaken by that of a rotation',
    slow: [get(0, 0, 1)],
    quick: ['get', 'rotate'],
    happens: { property: 'S3', why: 'the browser keeps the cookie it got last' },
  },
  {
    ...base,
    name: 'two parallel requests on two nodes',
    variant: 'near cache',
    checks: ['S3', 'S5', 'S6'],
    nodes: 2,
    maxStale: 1,
    slow: [get(1, 0, 0)],
    parallel: 2,
    losses: true,
  },
  {
    ...base,
    name: 'a near cache that lags by more than the grace',
    variant: 'near cache',
    checks: ['S5', 'S6'],
    nodes: 2,
    maxStale: 3,
    slow: [get(0, 0, 0)],
    losses: true,
  },
  {
    ...base,
    name: 'two parallel requests, one tick apart',
    variant: 'skewed clocks',
    limits: { grace: 3, renew: 6 },
    nodes: 2,
    skew: 1,
    slow: [get(1, 0, 0)],
    parallel: 2,
    losses: true,
  },
  {
    ...base,
    name: 'the browser crashes and comes back with the cookie before',
    crash: 1,
  },
]
