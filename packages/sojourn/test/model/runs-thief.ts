import type { Run } from './run.ts'

const base: Omit<Run, 'name'> = {
  variant: 'thief',
  checks: ['S1', 'S2', 'S4'],
  limits: { grace: 2, renew: 4 },
  quick: ['get'],
}

/** A thief is seen: told at the first use of an old token past its grace, and out at the next. */
export const runsOfThief: readonly Run[] = [
  { ...base, name: 'reads with a copied cookie', thief: { verbs: ['get'] } },
  {
    ...base,
    name: 'rotates first',
    quick: ['get', 'login', 'logout'],
    thief: { verbs: ['get', 'rotate'], rotations: 2 },
  },
  {
    ...base,
    name: 'gives proof as the user first',
    quick: ['get', 'login'],
    thief: { verbs: ['get', 'reauthenticated'], rotations: 2 },
  },
  {
    ...base,
    name: 'reads, beside slow requests of the owner',
    slow: [{ verb: 'get', sent: 1, open: 1, way: 0 }],
    thief: { verbs: ['get'] },
    large: true,
  },
]
