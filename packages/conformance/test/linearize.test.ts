import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linearize, type Model, type Operation } from '../src/history/linearize.ts'
import {
  type SessionInput,
  type SessionOperation,
  type SessionOutput,
  sessionModel,
} from '../src/history/session-model.ts'

const NO_ANSWER = null
const done = { kind: 'done' } as const
const refused = { kind: 'refused' } as const
const live = (texts: Record<string, string>): SessionOutput => ({ kind: 'live', texts })

/** A call by its times: `at(1, 2)`. */
function at(calledAt: number, returnedAt: number) {
  return (input: SessionInput, output: SessionOutput | null): SessionOperation => ({
    input,
    output,
    calledAt,
    returnedAt,
  })
}

const begin: SessionInput = { kind: 'begin', token: 1, texts: {} }
const open: SessionInput = { kind: 'open', token: 1 }
const end: SessionInput = { kind: 'end' }
const write = (value: string): SessionInput => ({ kind: 'write', texts: { a: value } })
const update = (before: string | null, after: string): SessionInput => ({ kind: 'update', key: 'n', before, after })
const began = at(0, 1)(begin, done)

const GOOD: [name: string, history: SessionOperation[]][] = [
  ['nothing at all', []],
  ['a read of a write', [began, at(2, 3)(write('x'), done), at(4, 5)(open, live({ a: 'x' }))]],
  ['a read beside a write sees the old', [began, at(2, 6)(write('x'), done), at(3, 4)(open, live({}))]],
  ['a read beside a write sees the new', [began, at(2, 6)(write('x'), done), at(3, 4)(open, live({ a: 'x' }))]],
  ['a read beside an end', [began, at(2, 6)(end, done), at(3, 4)(open, live({})), at(5, 7)(open, refused)]],
  [
    'a write that nobody heard of is there',
    [began, at(2, 3)(write('x'), NO_ANSWER), at(9, 10)(open, live({ a: 'x' }))],
  ],
  ['a write that nobody heard of is not there', [began, at(2, 3)(write('x'), NO_ANSWER), at(9, 10)(open, live({}))]],
  [
    'a write that nobody heard of arrives late',
    [began, at(2, 3)(write('x'), NO_ANSWER), at(4, 5)(open, live({})), at(6, 7)(open, live({ a: 'x' }))],
  ],
  ['an end that nobody heard of', [began, at(2, 3)(end, NO_ANSWER), at(4, 5)(open, live({})), at(6, 7)(open, refused)]],
  ['updates one after another', [began, at(2, 9)(update(null, '1'), done), at(3, 8)(update('1', '2'), done)]],
  [
    'a write to an ended session is dropped',
    [began, at(2, 3)(end, done), at(4, 5)(write('x'), done), at(6, 7)(open, refused)],
  ],
  ['forgotten while it began', [at(1, 5)(begin, done), at(0, 6)({ kind: 'forget' }, done), at(7, 8)(open, refused)]],
  ['everything forgotten', [began, at(2, 3)({ kind: 'forget' }, done), at(4, 5)(open, refused)]],
  [
    'a login carries everything over',
    [began, at(2, 3)(write('x'), done), at(4, 5)({ kind: 'end', carried: { a: 'x' } }, done)],
  ],
]

const BAD: [name: string, history: SessionOperation[]][] = [
  ['an ended session opens', [began, at(2, 3)(end, done), at(4, 5)(open, live({}))]],
  [
    'a session comes back after a read that found it ended',
    [began, at(2, 9)(end, done), at(3, 4)(open, refused), at(5, 6)(open, live({}))],
  ],
  ['an ended session is updated', [began, at(2, 3)(end, done), at(4, 5)(update(null, '1'), done)]],
  ['an acknowledged write is missing', [began, at(2, 3)(write('x'), done), at(4, 5)(open, live({}))]],
  ['a value that nobody wrote', [began, at(4, 5)(open, live({ a: 'x' }))]],
  [
    'a write goes and comes back',
    [began, at(2, 9)(write('x'), done), at(3, 4)(open, live({ a: 'x' })), at(5, 6)(open, live({}))],
  ],
  [
    'two updates of the same value: one is lost',
    [began, at(2, 9)(update(null, '1'), done), at(3, 8)(update(null, '1'), done)],
  ],
  ['an update twice over', [began, at(2, 3)(update(null, '1'), done), at(4, 5)(open, live({ n: '11' }))]],
  ['a live session is refused', [began, at(2, 3)(open, refused)]],
  [
    'two callers ended it',
    [began, at(2, 3)(end, { kind: 'ended', byThis: true }), at(2, 3)(end, { kind: 'ended', byThis: true })],
  ],
  [
    'the old token opens it after a rotation',
    [began, at(2, 3)({ kind: 'rotate', from: 1, to: 2 }, done), at(4, 5)(open, live({}))],
  ],
  ['a login leaves an edit behind', [began, at(2, 3)(write('x'), done), at(4, 5)({ kind: 'end', carried: {} }, done)]],
  ['what was forgotten comes back', [began, at(2, 3)({ kind: 'forget' }, done), at(4, 5)(open, live({}))]],
]

describe('histories of one session', () => {
  test.each(GOOD)('accepted: %s', (_, history) => {
    expect(linearize(sessionModel, history)).toBe('linearizable')
  })

  test.each(BAD)('rejected: %s', (_, history) => {
    expect(linearize(sessionModel, history)).toBe('not linearizable')
  })

  test('a search that would take forever is given up, and not counted as correct', () => {
    const unheard = Array.from({ length: 14 }, (_, n) => at(2, 3)(write(`${n}`), NO_ANSWER))
    const history = [began, ...unheard, at(4, 5)(open, live({ a: 'nobody wrote this' }))]
    expect(linearize(sessionModel, history, 1000)).toBe('undecided')
  })
})

/** A register that is read, written, and compared: small enough to try every order of a history. */
type Step = { readonly set: number; readonly unless: number | null } | 'get'
const register: Model<number, Step, number> = {
  initial: 0,
  step(state, input, output) {
    if (input === 'get') return output === null || output === state ? state : null
    return input.unless === state ? state : input.set
  },
  isRead: (input) => input === 'get',
  keyOf: String,
}
type RegisterCall = Operation<Step, number>

const call: fc.Arbitrary<RegisterCall> = fc
  .record({
    input: fc.oneof(
      fc.constant('get' as const),
      fc.record({ set: fc.integer({ min: 1, max: 2 }), unless: fc.option(fc.nat(2)) }),
    ),
    output: fc.option(fc.integer({ min: 0, max: 2 }), { freq: 4 }),
    calledAt: fc.integer({ min: 0, max: 9 }),
    took: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ took, ...rest }) => ({ ...rest, returnedAt: rest.calledAt + took }))

/** By the definition: some subset with every answered call, in some order that respects time, replays. */
function isLinearizable(state: number, left: readonly RegisterCall[]): boolean {
  if (left.every(({ output }) => output === null)) return true
  return left.some((next, index) => {
    const others = left.filter((_, place) => place !== index)
    if (others.some(({ output, returnedAt }) => output !== null && returnedAt < next.calledAt)) return false
    const after = register.step(state, next.input, next.output)
    return after !== null && isLinearizable(after, others)
  })
}

describe('property: the search', () => {
  test('says what trying every order says', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 6 }), (history) => {
        expect(linearize(register, history) === 'linearizable').toBe(isLinearizable(0, history))
      }),
      { numRuns: 2000 },
    )
  })

  test('accepts what an object did that takes one call at a time, and rejects it with one answer changed', () => {
    const step = fc.record({ set: fc.option(fc.integer({ min: 1, max: 9 })), before: fc.nat(20), after: fc.nat(20) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        let value = 0
        // Each takes effect at 10, 20, 30, ... and is called and answered around that.
        const history = steps.map(({ set, before, after }, index): RegisterCall => {
          if (set !== null) value = set
          const moment = 10 * (index + 1)
          const times = { calledAt: moment - before, returnedAt: moment + after }
          return set === null
            ? { input: 'get', output: value, ...times }
            : { input: { set, unless: null }, output: 0, ...times }
        })
        expect(linearize(register, history)).toBe('linearizable')
        const last = { input: 'get' as const, calledAt: 10_000, returnedAt: 10_001 }
        expect(linearize(register, [...history, { ...last, output: 99 }])).toBe('not linearizable')
      }),
      { numRuns: 300 },
    )
  })
})
