import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { memoryStore, type Store } from 'sojourn'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { describe, it } from 'vitest'
import { MINUTE, SECOND } from './kit.ts'
import { prologues, runModel, type Step, type Verb } from './model.ts'

interface Place {
  readonly store: Store
  leave(): Promise<void>
}

const PLACES: [name: string, runs: number, open: () => Place][] = [
  ['memory', 250, () => ({ store: memoryStore(), leave: async () => {} })],
  [
    'lmdb',
    15,
    () => {
      const path = mkdtempSync(join(tmpdir(), 'sojourn-model-'))
      const store = lmdbStore({ path })
      return {
        store,
        async leave() {
          await store.close()
          rmSync(path, { recursive: true, force: true })
        },
      }
    },
  ],
]

const QUIET: Verb[] = ['read', 'edit', 'late edit', 'update', 'devices']
const VERBS: Verb[] = [...QUIET, 'edit', 'update', 'login ada', 'login bob', 'logout', 'revoke others']
const TURNS: Verb[] = ['rotate', 'reauthenticated']
const TICKS = [
  SECOND,
  10 * SECOND,
  29 * SECOND,
  31 * SECOND,
  61 * SECOND,
  6 * MINUTE,
  11 * MINUTE,
  29 * MINUTE,
  31 * MINUTE,
]

interface Schedule {
  readonly verbs: readonly Verb[]
  readonly thief?: boolean
  readonly faults?: boolean
}

function stepsOf({ verbs, thief = false, faults = false }: Schedule): fc.Arbitrary<Step[]> {
  const which = fc.nat(11)
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        verb: fc.constantFrom(...verbs),
        lost: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        thief: fc.constant(false),
      }),
    },
    { weight: 16, arbitrary: which.map((n): Step => ({ do: 'go', which: n })) },
    { weight: 3, arbitrary: fc.constantFrom(...TICKS).map((ms): Step => ({ do: 'tick', ms })) },
    { weight: 1, arbitrary: which.map((n): Step => ({ do: 'revoke', which: n })) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'sweep' }, { do: 'list' }) },
    { weight: faults ? 2 : 0, arbitrary: which.map((n): Step => ({ do: 'fail', which: n })) },
    { weight: thief ? 1 : 0, arbitrary: fc.constant<Step>({ do: 'steal' }) },
    {
      weight: thief ? 3 : 0,
      arbitrary: fc
        .constantFrom(...QUIET, ...TURNS)
        .map((verb): Step => ({ do: 'send', verb, lost: false, thief: true })),
    },
  )
  return fc.array(step, { maxLength: 60, size: 'max' })
}

function runOf(schedule: Schedule) {
  const sealed = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
  return fc.record({ prologue: fc.constantFrom(...prologues), sealed, steps: stepsOf(schedule) })
}

const SCHEDULES: [string, Schedule][] = [
  ['edits, logins and logouts', { verbs: VERBS }],
  ['renewals alone', { verbs: QUIET }],
  ['renewals and rotations', { verbs: [...QUIET, ...TURNS] }],
  ['rotations too', { verbs: [...VERBS, ...TURNS] }],
  ['and a store that fails', { verbs: [...VERBS, ...TURNS], faults: true }],
  ['and a thief', { verbs: [...VERBS, ...TURNS], thief: true }],
]

/** `MODEL_SEED` runs one seed again, `MODEL_RUNS` multiplies the number of runs. */
const { MODEL_SEED, MODEL_RUNS = '1' } = process.env

describe.each(PLACES)('parallel requests of one browser, in any order the store allows (%s)', (_, runs, open) => {
  it.each(SCHEDULES)(
    'property: %s',
    async (name, schedule) => {
      const seed = MODEL_SEED === undefined ? Date.now() ^ (Math.random() * 0x1_0000_0000) : Number(MODEL_SEED)
      const numRuns = Math.ceil(runs * Number(MODEL_RUNS))
      console.info(`model of '${name}': MODEL_SEED=${seed}`)
      await fc.assert(
        fc.asyncProperty(runOf(schedule), async (run) => {
          const place = open()
          try {
            await runModel(place.store, run)
          } finally {
            await place.leave()
          }
        }),
        { seed, numRuns, endOnFailure: false },
      )
    },
    120_000,
  )
})
