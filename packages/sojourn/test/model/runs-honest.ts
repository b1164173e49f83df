import type { Run, SlowRequest } from './run.ts'

/** A request whose phases last up to these ticks. */
function get(sent: number, open: number, way: number): SlowRequest {
  return { verb: 'get', sent, open, way }
}

const base: Omit<Run, 'name'> = {
  variant: 'no cache',
  checks: ['S3', 'S5'],
  limits: { grace: 2, renew: 4 },
  quick: ['get'],
}

const OVERTAKEN = { property: 'S3', why: 'the browser keeps the cookie that it got last' } as const
const dead: Omit<Run, 'name'> = { ...base, limits: { grace: 2 }, quick: ['get', 'login'], slow: [get(1, 1, 1)] }

/** Renewal never logs an honest client out, within its bounds; parallel requests get the same successor; lag refuses nobody. */
export const runsOfHonest: readonly Run[] = [
  {
    ...base,
    name: 'three requests late by less than the grace, answers lost',
    slow: [get(1, 0, 0)],
    parallel: 3,
    losses: true,
  },
  { ...base, name: 'two requests slow in every phase', slow: [get(1, 1, 1)], parallel: 2, losses: true },
  { ...base, name: 'one request, late by any time', slow: [get(7, 0, 0)], losses: true },
  { ...base, name: 'two requests late by less than twice the grace', slow: [get(3, 0, 0)], parallel: 2, losses: true },
  {
    ...base,
    name: 'two requests late by twice the grace',
    slow: [get(4, 0, 0)],
    parallel: 2,
    happens: { property: 'S3', why: 'two late requests a grace apart look like a thief' },
  },
  { ...base, name: 'an answer late by less than the time between renewals', slow: [get(0, 0, 3)], losses: true },
  {
    ...base,
    name: 'an answer late by the time between renewals',
    slow: [get(0, 0, 4)],
    happens: OVERTAKEN,
  },
  { ...dead, name: 'a request with a cookie of no session, answered after a login', begin: 'unknown' },
  {
    ...dead,
    name: 'a request with an expired cookie, answered after a login',
    begin: 'expired',
    limits: { grace: 2, absolute: 8 },
  },
  { ...dead, name: 'a request with a cookie that ended long ago, answered after a login', begin: 'ended' },
  {
    ...base,
    name: "a renewal's answer, overtaken by that of a login",
    slow: [get(0, 0, 1)],
    quick: ['get', 'login'],
    happens: OVERTAKEN,
  },
  {
    ...base,
    name: "a renewal's answer, overtaken by that of a rotation",
    slow: [get(0, 0, 1)],
    quick: ['get', 'rotate'],
    happens: OVERTAKEN,
  },
  {
    ...base,
    name: 'the browser crashes and comes back with the cookie before',
    crash: 1,
    happens: { property: 'S3', why: 'the old cookie is honored for the grace and never replaced' },
  },
  {
    ...base,
    name: 'two requests late on two nodes',
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
    name: 'two late requests, the clocks one tick apart',
    variant: 'skewed clocks',
    limits: { grace: 3, renew: 6 },
    nodes: 2,
    skew: 1,
    slow: [get(1, 0, 0)],
    parallel: 2,
    losses: true,
  },
]
