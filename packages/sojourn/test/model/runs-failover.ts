import type { Run, SlowRequest, Verb } from './run.ts'

function open(verb: Verb): SlowRequest {
  return { verb, sent: 0, open: 1, way: 0 }
}

const base: Omit<Run, 'name'> = {
  variant: 'failover',
  checks: ['S7'],
  limits: { grace: 2, renew: 4 },
  quick: ['get'],
  failover: true,
}

/** A store that forgets its last acknowledged write. */
export const runsOfFailover: readonly Run[] = [
  { ...base, name: 'a renewal is forgotten', losses: true, slow: [{ verb: 'get', sent: 1, open: 0, way: 1 }] },
  {
    ...base,
    name: 'a slow proof and a slow read across it',
    slow: [open('reauthenticated'), open('get')],
    parallel: 2,
  },
  {
    ...base,
    name: 'a logout is forgotten',
    checks: ['S1'],
    quick: ['get', 'logout'],
    slow: [{ verb: 'get', sent: 1, open: 0, way: 0 }],
    happens: { property: 'S1', why: 'the store forgot the end' },
  },
]
