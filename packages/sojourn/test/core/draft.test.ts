import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Draft, type DraftListener } from '../../src/core/data/draft.ts'
import {
  applyEdits,
  assertJson,
  flashTexts,
  isEmpty,
  parseTexts,
  step,
  type Texts,
  toFlashName,
  toStoredEdits,
  toStoredName,
  userTexts,
} from '../../src/core/data/texts.ts'

const key = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '~', '~f', '~~', '', '0', 'then') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
)
const json = fc.jsonValue({ maxDepth: 3 })
const start = fc.array(fc.tuple(key, json), { maxLength: 5 }).map((entries) => Object.fromEntries(entries))

function textsOf(values: Record<string, unknown>): Texts {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]))
}

/** The texts that the store would return. */
function asStored(values: Record<string, unknown>): Record<string, unknown> {
  const texts = Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const text = JSON.stringify(value)
      return text === undefined ? [] : [[name, text]]
    }),
  )
  return parseTexts(texts).values
}

function listener(corrupt: (key: string) => void): DraftListener {
  return { corrupt, edited() {} }
}

const forbidden = listener(() => {
  throw new Error('nothing here is corrupt')
})

type Step = (draft: Draft, model: Record<string, unknown>) => void

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
}

const steps: fc.Arbitrary<[string, Step]> = fc.oneof(
  fc.tuple(key, json).map(([name, value]): [string, Step] => [
    `set ${inspect(name)} to ${inspect(value)}`,
    (draft, model) => {
      draft.values[name] = structuredClone(value)
      define(model, name, structuredClone(value))
    },
  ]),
  key.map((name): [string, Step] => [
    `delete ${inspect(name)}`,
    (draft, model) => {
      delete draft.values[name]
      delete model[name]
    },
  ]),
  key.map((name): [string, Step] => [
    `undefined ${inspect(name)}`,
    (draft, model) => {
      draft.values[name] = undefined
      delete model[name]
    },
  ]),
  fc.tuple(key, json).map(([name, value]): [string, Step] => [
    `nested edit in ${inspect(name)}`,
    (draft, model) => {
      for (const target of [draft.values[name], Object.hasOwn(model, name) ? model[name] : undefined]) {
        if (Array.isArray(target)) target.push(structuredClone(value))
        else if (typeof target === 'object' && target !== null)
          define(target as never, 'nested', structuredClone(value))
      }
    },
  ]),
  key.map((name): [string, Step] => [
    `nested edit undone in ${inspect(name)}`,
    (draft, model) => {
      for (const target of [draft.values[name], Object.hasOwn(model, name) ? model[name] : undefined]) {
        if (Array.isArray(target)) target.pop()
        else if (typeof target === 'object' && target !== null) Reflect.deleteProperty(target, 'nested')
      }
    },
  ]),
  key.map((name): [string, Step] => [`read ${inspect(name)}`, (draft) => void draft.values[name]]),
  start.map((values): [string, Step] => [
    'replace',
    (draft, model) => {
      draft.replace(structuredClone(values))
      for (const name of Object.keys(model)) delete model[name]
      for (const name of Object.keys(values)) define(model, name, structuredClone(values[name]))
    },
  ]),
  fc.constant<[string, Step]>(['store', (draft) => draft.accept(draft.edits())]),
)

describe('property: a draft', () => {
  it.each([
    ['read when looked at', false],
    ['read at once', true],
  ])('after any edits, edits() applied to what was stored gives the values (%s)', (_, eager) => {
    fc.assert(
      fc.property(start, fc.array(steps, { maxLength: 12 }), (values, plan) => {
        const model = asStored(values)
        let stored = textsOf(values)
        const loaded = eager ? { baseline: stored, values: asStored(values) } : { baseline: stored }
        const draft = new Draft(loaded, forbidden)
        for (const [name, run] of plan) {
          if (name === 'store') stored = applyEdits(stored, draft.edits())
          run(draft, model)
        }
        stored = applyEdits(stored, draft.edits())
        expect(parseTexts(stored).values).toEqual(asStored(model))
        expect(asStored({ ...draft.values })).toEqual(asStored(model))
        draft.accept(draft.edits())
        expect(isEmpty(draft.edits())).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('two drafts of the same data that edit different keys both have their way, in either order', () => {
    fc.assert(
      fc.property(start, start, start, (values, one, two) => {
        const texts = textsOf(values)
        const [left, right] = [new Draft({ baseline: texts }, forbidden), new Draft({ baseline: texts }, forbidden)]
        for (const name of Object.keys(one)) left.values[name] = structuredClone(one[name])
        for (const name of Object.keys(two))
          if (!Object.hasOwn(one, name)) right.values[name] = structuredClone(two[name])
        const [l, r] = [left.edits(), right.edits()]
        const result = applyEdits(applyEdits(texts, l), r)
        expect(result).toEqual(applyEdits(applyEdits(texts, r), l))
        for (const name of Object.keys(one)) expect(result[name]).toBe(JSON.stringify(one[name]))
        for (const name of Object.keys(two)) {
          if (!Object.hasOwn(one, name)) expect(result[name]).toBe(JSON.stringify(two[name]))
        }
      }),
    )
  })

  it('reading makes no edits, whichever way it is done', () => {
    fc.assert(
      fc.property(start, (values) => {
        const draft = new Draft({ baseline: textsOf(values) }, forbidden)
        const read: Record<string, unknown> = {}
        for (const name in draft.values) define(read, name, draft.values[name])
        expect(read).toEqual(asStored(values))
        expect(asStored({ ...draft.values })).toEqual(asStored(values))
        expect(Object.keys(draft.values).sort()).toEqual(Object.keys(asStored(values)).sort())
        expect(JSON.parse(JSON.stringify(draft.values))).toEqual(JSON.parse(JSON.stringify(asStored(values))))
        expect(isEmpty(draft.edits())).toBe(true)
      }),
    )
  })
})

describe('a draft', () => {
  it('shows debuggers values, read or not', () => {
    const draft = new Draft({ baseline: { a: '{"n":1}', b: '2' } }, forbidden)
    void draft.values.b
    expect(inspect(draft.values, { showProxy: false })).toContain('a: { n: 1 }')
    expect(inspect(draft.values)).toContain('b: 2')
  })

  it('parses a key once, and only when it is looked at', () => {
    const draft = new Draft(
      { baseline: { a: '{"n":1}', b: '{"broken' } },
      listener(() => {
        throw new Error('b was looked at')
      }),
    )
    expect(draft.values.a).toBe(draft.values.a)
    expect(Object.getOwnPropertyDescriptor(draft.values, 'a')?.value).toBe(draft.values.a)
    expect('b' in draft.values).toBe(true)
    expect(isEmpty(draft.edits())).toBe(true)
  })

  it('a text that is not JSON counts as absent, is reported once, and can be set again', () => {
    const told: string[] = []
    const draft = new Draft(
      { baseline: { bad: '{"broken', good: '1' } },
      listener((name) => told.push(name)),
    )
    expect(draft.values.bad).toBeUndefined()
    expect(draft.values.bad).toBeUndefined()
    expect(Object.keys(draft.values)).toEqual(['good'])
    expect(told).toEqual(['bad'])
    expect(isEmpty(draft.edits())).toBe(true)
    draft.values.bad = 1
    expect(draft.edits()).toEqual({ bad: '1' })
  })

  it('a text that is no JSON is found by listing, too', () => {
    const told: string[] = []
    const draft = new Draft(
      { baseline: { bad: '' } },
      listener((name) => told.push(name)),
    )
    expect(Object.entries(draft.values)).toEqual([])
    expect(told).toEqual(['bad'])
  })

  it('starts over from other data, in the same object', () => {
    const draft = new Draft({ baseline: { a: '1' } }, forbidden)
    const { values } = draft
    values.x = 1
    draft.reload({ baseline: { b: '2' } })
    expect({ ...values }).toEqual({ b: 2 })
    expect(isEmpty(draft.edits())).toBe(true)
  })

  it('edits that were stored meanwhile are not pending, later edits are', () => {
    const draft = new Draft({ baseline: {} }, forbidden)
    draft.values.a = 1
    const edits = draft.edits()
    draft.values.a = 2
    draft.values.b = 1
    draft.accept(edits)
    expect(draft.edits()).toEqual({ a: '2', b: '1' })
  })

  it('a nested edit that was stored and is undone later is pending again', () => {
    const draft = new Draft({ baseline: { cart: '{"n":1}' } }, forbidden)
    const cart = draft.values.cart as { n: number }
    cart.n = 2
    draft.accept(draft.edits())
    cart.n = 1
    expect(draft.edits()).toEqual({ cart: '{"n":1}' })
  })

  it.each<[string, (value: never) => void]>([
    [
      'another order of keys',
      (value: { a: object; b?: number }) => {
        const { b } = value
        delete value.b
        value.b = b as number
        const { a } = value
        delete (value as Partial<typeof value>).a
        value.a = a
      },
    ],
    [
      'another name of a key',
      (value: { c?: unknown; d?: unknown }) => {
        const { c } = value
        delete value.c
        value.d = c
      },
    ],
    ['a longer list', (value: { a: number[] }) => void value.a.push(1)],
    [
      'an empty list instead of an object',
      (value: { c: unknown }) => {
        value.c = []
      },
    ],
    [
      'a null instead of the end of a list',
      (value: { a: unknown[] }) => {
        value.a = [1, null]
      },
    ],
  ])('finds in an object that was read: %s', (_, edit) => {
    const draft = new Draft({ baseline: { it: '{"a":[1],"b":2,"c":{}}' } }, forbidden)
    edit(draft.values.it as never)
    expect(draft.edits()).toEqual({ it: JSON.stringify(draft.values.it) })
  })

  it.each<[string, (value: never) => void]>([
    [
      'a Map where an empty object was',
      (value: { c: unknown }) => {
        value.c = new Map([[1, 2]])
      },
    ],
    ['another prototype', (value: { c: object }) => void Object.setPrototypeOf(value.c, { inherited: 1 })],
    [
      'a property of an array',
      (value: { a: number[] & { extra?: number } }) => {
        value.a.extra = 1
      },
    ],
  ])('refuses in an object that was read, though its text is the same: %s', (_, edit) => {
    const draft = new Draft({ baseline: { it: '{"a":[1],"b":2,"c":{}}' } }, forbidden)
    edit(draft.values.it as never)
    expect(() => draft.edits()).toThrow('data.it')
  })

  it('compares as text what is nested too deep to be listed, and refuses it', () => {
    const draft = new Draft({ baseline: { it: `${'['.repeat(5000)}${']'.repeat(5000)}` } }, forbidden)
    expect(draft.values.it).toBeInstanceOf(Array)
    expect(() => draft.edits()).toThrow('nested deeper')
  })

  it('sets no key through an object that inherits from the data', () => {
    const draft = new Draft({ baseline: { a: '1' } }, forbidden)
    const heir = Object.create(draft.values) as Record<string, unknown>
    heir.a = 2
    expect(heir.a).toBe(2)
    expect(isEmpty(draft.edits())).toBe(true)
  })

  it('takes nothing but JSON, whichever way it is set', () => {
    const draft = new Draft({ baseline: {} }, forbidden)
    expect(() => Object.defineProperty(draft.values, 'a', { value: new Map() })).toThrow('data.a')
    expect(() => Object.assign(draft.values, { b: 1n })).toThrow('data.b')
    expect(() => Reflect.set(draft.values, 'odd key', () => 1)).toThrow('data["odd key"]')
    expect(() => draft.replace({ c: [Number.NaN] })).toThrow('data.c[0]')
    expect(Object.keys(draft.values)).toEqual([])
  })
})

describe('stored names', () => {
  it('property: a user’s keys come back, flash apart, whatever they are called', () => {
    fc.assert(
      fc.property(start, start, (data, flash) => {
        const texts = textsOf(data)
        const flashed = Object.entries(textsOf(flash)).map(([name, text]) => [toFlashName(name), text])
        const stored = applyEdits(applyEdits({}, toStoredEdits(texts)), Object.fromEntries(flashed))
        expect(userTexts(stored)).toEqual(texts)
        expect(flashTexts(stored)).toEqual(textsOf(flash))
        expect(
          userTexts(
            applyEdits(stored, toStoredEdits(Object.fromEntries(Object.keys(texts).map((name) => [name, null])))),
          ),
        ).toEqual({})
      }),
    )
  })

  it('are the keys themselves where they can be', () => {
    expect(['cart', '', '__proto__', '~x', '~~'].map(toStoredName)).toEqual(['cart', '', '__proto__', '~~x', '~~~'])
    const texts = { cart: '1' }
    expect(userTexts(texts)).toBe(texts)
    expect(toFlashName('note')).toBe('~fnote')
  })

  it('core’s own names are no user’s keys, known or not', () => {
    expect(userTexts({ '~fnote': '1', '~snew': '2', '~~mine': '3', plain: '4' })).toEqual({ '~mine': '3', plain: '4' })
  })
})

describe('edits', () => {
  it('leave what they are applied to as it is', () => {
    const texts = Object.freeze({ a: '1', b: '2' })
    expect(applyEdits(texts, { a: '3', b: null, never: null })).toEqual({ a: '3' })
    expect(texts).toEqual({ a: '1', b: '2' })
  })

  it('are empty if nothing is set or removed', () => {
    expect(isEmpty({})).toBe(true)
    expect(isEmpty({ a: '1' })).toBe(false)
    expect(isEmpty({ a: null })).toBe(false)
  })

  it('texts that are no JSON are named, the others read', () => {
    expect(parseTexts({ a: '1', b: '', c: '{', ['__proto__']: '2' })).toEqual({
      values: { a: 1, ['__proto__']: 2 },
      corrupt: ['b', 'c'],
    })
  })
})

describe('paths', () => {
  it.each([
    ['a', '.a'],
    ['$_9', '.$_9'],
    ['9a', '["9a"]'],
    ['a b', '["a b"]'],
    ['a"b', '["a\\"b"]'],
    ['', '[""]'],
  ])('of %j is %s', (name, path) => {
    expect(step(name)).toBe(path)
  })

  it('property: assertJson takes what JSON.stringify brings back the same, and only that', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }), (value) => {
        let refused = false
        try {
          assertJson(value, 'data')
        } catch {
          refused = true
        }
        if (!refused) expect(JSON.parse(JSON.stringify(value))).toEqual(withoutUndefined(value))
      }),
      { numRuns: 300 },
    )
  })
})

/** As JSON carries it: no properties that are `undefined`, no negative zero, no bare prototype. */
function withoutUndefined(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutUndefined(inner)]))
}
