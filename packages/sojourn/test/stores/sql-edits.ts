import fc from 'fast-check'
import { expect } from 'vitest'
import type { Store } from '../../src/core/contracts/store.ts'
import { aRecord } from './records.ts'

/** Many keys and hostile ones, in any order. */
const key = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'c',
    'd',
    'aa',
    'ab',
    '',
    '-',
    '-1',
    '0',
    '$',
    '.',
    '!',
    '!u',
    '!0041',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 }).map((units) => String.fromCharCode(...units)),
)
const text = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    'null',
    '{}',
    '!',
    '!u',
    '"\\u0000"',
    '\\',
    '\\"',
    '"',
    "'",
    '%',
    '\0',
    '\ud800',
    '\udc00\ud800',
  ),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.json(),
)
const entries = (maxLength: number): fc.Arbitrary<[string, string][]> => fc.array(fc.tuple(key, text), { maxLength })

/** One change after another of keys and texts of any kind leaves what a map would hold, however the database goes about it. */
export function edits(
  store: Store,
): fc.IAsyncProperty<[[string, string][], { set: [string, string][]; remove: string[] }[]]> {
  const change = fc.record({ set: entries(6), remove: fc.array(key, { maxLength: 6 }) })
  return fc.asyncProperty(entries(8), fc.array(change, { maxLength: 4 }), async (first, changes) => {
    const record = aRecord({ userId: 'ada', data: Object.fromEntries(first) })
    const expected = new Map(first)
    await store.create(record)
    for (const { set, remove } of changes) {
      const [some] = [...expected.keys(), ...remove]
      const expectation = some === undefined ? {} : { expect: { key: some, text: expected.get(some) ?? null } }
      const written = await store.write(record.id, { set: Object.fromEntries(set), remove, ...expectation })
      expect(written).toEqual({ status: 'written' })
      for (const [name, value] of set) expected.set(name, value)
      for (const name of remove) expected.delete(name)
      expect(await store.read(record.id)).toEqual({ ...record, data: Object.fromEntries(expected) })
    }
  })
}
