import fc from 'fast-check'
import type { Head, SessionId, SessionRecord } from '../../src/core/contracts/record.ts'
import type { Change } from '../../src/core/contracts/store.ts'
import type { Step } from './model.ts'
import { anId, aTombstone, MINUTE, NOW } from './records.ts'

/** Steps that run in parallel, or a single sweep, which consists of many steps. */
export type Turn =
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  | { readonly kind: 'sweep'; readonly now: number; readonly limit: number }

/** Few names, times and versions, so that the steps of a schedule meet. */
const KEYS = ['a', 'b', '', '__proto__', 'constructor']
const TEXTS = ['1', '2', '"ж"', '\ud800']

/** Records as applications write them; without this half of them would have no prototype. */
export function plain<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

const time = fc.integer({ min: 0, max: 6 }).map((n) => NOW + n * MINUTE)
const head: fc.Arbitrary<Head> = plain({ secret: fc.constantFrom('s1', 's2'), secretAt: time })
const data = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(...TEXTS)), { maxLength: 3 })
  .map((entries) => Object.fromEntries(entries))

const anyChange: fc.Arbitrary<Change> = fc.record(
  {
    set: data,
    remove: fc.subarray(KEYS, { maxLength: 2 }),
    expect: plain({ key: fc.constantFrom(...KEYS), text: fc.constantFrom(null, ...TEXTS) }),
    version: fc.integer({ min: 0, max: 3 }),
    head,
    seen: plain({ at: time, expiresAt: time }),
  },
  { requiredKeys: [], noNullPrototype: true },
)
/** With a head goes the version after it. */
const change = anyChange.map(
  (any): Change => (any.head === undefined ? any : { ...any, nextVersion: (any.version ?? 0) + 1 }),
)

/** Ids and users of one run, different from those of every other run: a store may serve many. */
export interface Names {
  readonly ids: readonly SessionId[]
  readonly users: readonly string[]
}

export function newNames(): Names {
  return { ids: Array.from({ length: 4 }, anId), users: [`ada ${anId()}`, `grace ${anId()}`] }
}

function stepOf({ ids, users }: Names): fc.Arbitrary<Step> {
  const id = fc.constantFrom(...ids)
  const record: fc.Arbitrary<SessionRecord> = plain({
    kind: fc.constant('live' as const),
    id,
    userId: fc.constantFrom(null, ...users),
    version: fc.integer({ min: 0, max: 2 }),
    createdAt: time,
    lastSeenAt: time,
    expiresAt: time,
    head,
    data,
  })
  const tombstone = fc.tuple(record, time).map(([ended, expiresAt]) => aTombstone(ended, { expiresAt }))
  return fc.oneof(
    { weight: 3, arbitrary: plain({ verb: fc.constant('create' as const), record }) },
    { weight: 6, arbitrary: plain({ verb: fc.constant('write' as const), id, change }) },
    { weight: 1, arbitrary: tombstone.map((t) => ({ verb: 'end' as const, id: t.id, tombstone: t })) },
    { weight: 1, arbitrary: plain({ verb: fc.constant('read' as const), id }) },
    { weight: 1, arbitrary: plain({ verb: fc.constant('list' as const), userId: fc.constantFrom(...users) }) },
  )
}

export function scheduleOf(names: Names): fc.Arbitrary<Turn[]> {
  const steps = fc.array(stepOf(names), { minLength: 1, maxLength: 4 })
  const turn: fc.Arbitrary<Turn> = fc.oneof(
    { weight: 6, arbitrary: steps.map((all) => ({ kind: 'steps' as const, steps: all })) },
    {
      weight: 1,
      arbitrary: plain({ kind: fc.constant('sweep' as const), now: time, limit: fc.integer({ min: 0, max: 4 }) }),
    },
  )
  return fc.array(turn, { minLength: 4, maxLength: 12 })
}
