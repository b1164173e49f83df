import {
  assertCode,
  assertEqual,
  assertRejects,
  type Case,
  CaseFailure,
  reasonNotRun,
  runCases,
  toTable,
} from '@sojourn/conformance'
import { describe, expect, test } from 'vitest'

interface Context {
  readonly without?: Readonly<Record<string, string>>
  readonly probe?: () => string
}

const passing: Case<Context> = { name: 'passes', guarantee: '1 One', run: async () => {} }
const failing: Case<Context> = { name: 'fails', run: async () => assertEqual<unknown>({ a: 1 }, { a: 2 }, 'the value') }
const needing: Case<Context> = {
  name: 'needs',
  needs: ['probe'],
  run: async (ctx) => assertEqual(ctx.probe?.(), 'seen', 'probe'),
}

describe('running cases', () => {
  test('tells what passed, what failed and why, and what was not run and why', async () => {
    const results = await runCases([passing, failing, needing], { without: { probe: 'nothing to look into' } })
    expect(results.map(({ name, status, reason }) => [name, status, reason])).toEqual([
      ['passes', 'passed', null],
      ['fails', 'failed', 'the value: expected {"a":2}, got {"a":1}'],
      ['needs', 'not run', 'nothing to look into'],
    ])
    expect(results[1]?.error).toMatchObject({ actual: { a: 1 }, expected: { a: 2 } })
    expect(toTable(results)).toContain('1 passed, 1 failed, 1 not run')
    expect(toTable(results)).toContain('nothing to look into')
  })

  test('never passes over a case in silence: what is missing without a reason has failed', async () => {
    for (const without of [undefined, {}, { probe: ' ' }, { other: 'x' }]) {
      const ctx: Context = without === undefined ? {} : { without }
      expect(() => reasonNotRun(needing, ctx)).toThrow(CaseFailure)
      expect(await runCases([needing], ctx)).toMatchObject([
        { status: 'failed', reason: expect.stringContaining('"probe"') },
      ])
    }
    expect(reasonNotRun(needing, { probe: () => 'seen' })).toBeNull()
    expect(await runCases([needing], { probe: () => 'seen' })).toMatchObject([{ status: 'passed' }])
  })

  test('a case that hangs has failed, and the rest still run', async () => {
    const hanging: Case<Context> = { name: 'hangs', run: () => new Promise(() => {}) }
    const results = await runCases([hanging, passing], {}, { timeoutMs: 10 })
    expect(results.map(({ status }) => status)).toEqual(['failed', 'passed'])
  })

  test('an error of the implementation is a failure with its message', async () => {
    const throwing: Case<Context> = { name: 'throws', run: () => Promise.reject(new TypeError('no such method')) }
    expect(await runCases([throwing], {})).toMatchObject([{ status: 'failed', reason: 'no such method' }])
  })
})

describe('the asserts of cases', () => {
  const same: readonly (readonly [unknown, unknown])[] = [
    [1, 1],
    [Number.NaN, Number.NaN],
    ['a', 'a'],
    [null, null],
    [
      [1, { a: [] }],
      [1, { a: [] }],
    ],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [new Date(1), new Date(1)],
    [Uint8Array.of(1), Uint8Array.of(1)],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
  ]
  const different: readonly (readonly [unknown, unknown])[] = [
    [1, '1'],
    [0, -0],
    [null, undefined],
    [null, {}],
    [[], {}],
    [[1], [1, 2]],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [{ a: { b: 1 } }, { a: { b: 2 } }],
    [new Date(1), new Date(2)],
    [new Date(1), {}],
    [Uint8Array.of(1), [1]],
    [JSON.parse('{"__proto__":1}'), {}],
    [{ constructor: 1 }, {}],
    [new Map([['a', 1]]), new Map([['a', 2]])],
    [new Map([['a', 1]]), new Map([['b', 1]])],
    [new Map(), new Map([['a', 1]])],
    [new Map(), {}],
  ]

  test.each(same)('%j equals %j', (a, b) => {
    assertEqual(a, b, 'same')
  })

  test.each(different)('%j does not equal %j', (a, b) => {
    expect(() => assertEqual(a, b, 'different')).toThrow(CaseFailure)
    expect(() => assertEqual(b, a, 'different')).toThrow(CaseFailure)
  })

  test('a rejection is asked for, with its code', async () => {
    const error = Object.assign(new Error('closed'), { code: 'ERR_CLOSED' })
    const reject = (): Promise<never> => Promise.reject(error)
    expect(await assertRejects(reject, 'call')).toBe(error)
    expect(await assertCode(reject, 'ERR_CLOSED', 'call')).toBe(error)
    await expect(assertCode(reject, 'ERR_STORE', 'call')).rejects.toThrow('expected an error with code ERR_STORE')
    await expect(assertRejects(() => 'value', 'call')).rejects.toThrow('expected an error, got "value"')
    await expect(assertCode(() => Promise.reject('text'), 'ERR_STORE', 'call')).rejects.toThrow(CaseFailure)
  })

  test('messages stay short, whatever is compared', () => {
    expect(() => assertEqual('x'.repeat(100_000), 'y', 'long')).toThrow(/^.{1,1000}$/s)
  })
})
