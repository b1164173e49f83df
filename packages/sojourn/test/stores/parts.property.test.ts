import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Head, SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import { createLinkedList, type Linked } from '../../src/stores/kit/linked-list.ts'
import { applyChange } from '../../src/stores/kit/records.ts'
import { fromText, indexedAtOf, toText } from '../../src/stores/lmdb/record-text.ts'
import { createExpiryHeap } from '../../src/stores/memory.ts'
import { take } from './model.ts'
import { anId, aRecord } from './records.ts'
import { newNames, plain, scheduleOf } from './schedules.ts'

/** Any text at all: every plane, halves of characters, controls. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
)
const anyTime = fc.oneof(
  fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
)
const anyData = fc
  .array(fc.tuple(fc.oneof(anyText, fc.constant('__proto__')), anyText))
  .map((entries) => Object.fromEntries(entries))

describe('applyChange', () => {
  test('does to a record what the contract says, and nothing to what it was given', () => {
    const names = newNames()
    const property = fc.property(scheduleOf(names), (schedule) => {
      let record: SessionRecord = aRecord({ id: names.ids[0] as SessionId })
      for (const turn of schedule) {
        for (const step of turn.kind === 'steps' ? turn.steps : []) {
          if (step.verb !== 'write') continue
          const before = structuredClone([record, step.change])
          const model = [{ ...record, data: Object.entries(record.data) }]
          const outcome = take(model, { ...step, id: record.id })
          const next = applyChange(record, step.change)
          expect([record, step.change]).toEqual(before)
          expect(next === null ? { status: 'conflict', record } : { status: 'written' }).toEqual(outcome.answer)
          record = next ?? record
          expect(take(outcome.model, { verb: 'read', id: record.id }).answer).toEqual(record)
        }
      }
    })
    fc.assert(property, { numRuns: 1000 })
  })

  test('writes nothing for a change without effect', () => {
    const record = aRecord({ data: { a: '1' }, version: 2 })
    const stale = { at: record.lastSeenAt - 1, expiresAt: 1 }
    for (const change of [{}, { version: 2 }, { version: 2, seen: stale }]) {
      expect(applyChange(record, change)).toBe(record)
    }
  })

  test('refuses a touch from before a change of the head, and one that does not say what it was made from', () => {
    const record = aRecord({ version: 2 })
    const seen = { at: record.lastSeenAt + 1, expiresAt: record.expiresAt + 1 }
    for (const change of [{ version: 1, seen }, { seen }, { version: 1, seen, set: { a: '1' } }]) {
      expect(applyChange(record, change)).toBeNull()
    }
  })

  test('a key called __proto__ is a key: it is set, expected and removed, and no prototype moves', () => {
    const set = JSON.parse('{"__proto__":"1","constructor":"2"}') as Record<string, string>
    const record = applyChange(aRecord(), { set }) as SessionRecord
    expect(Object.entries(record.data)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
    expect(Object.getPrototypeOf(record.data)).toBe(Object.prototype)
    expect(applyChange(aRecord(), { expect: { key: 'constructor', text: null } })).not.toBeNull()
    expect(applyChange(aRecord(), { expect: { key: '__proto__', text: null } })).not.toBeNull()
    expect(applyChange(record, { expect: { key: '__proto__', text: null } })).toBeNull()
    const removed = applyChange(record, { remove: ['__proto__'], expect: { key: '__proto__', text: '1' } })
    expect(Object.entries(removed?.data ?? {})).toEqual([['constructor', '2']])
  })
})

describe('the text of a record', () => {
  const head = fc.json().map((json) => ({ secret: 's', secretAt: 1, device: { name: json, ip: null } }) satisfies Head)
  const live: fc.Arbitrary<SessionRecord> = plain({
    kind: fc.constant('live' as const),
    id: fc.constant(anId()),
    userId: fc.option(anyText),
    version: fc.nat(),
    createdAt: anyTime,
    lastSeenAt: anyTime,
    expiresAt: anyTime,
    head,
    data: anyData,
  })
  const ended: fc.Arbitrary<Tombstone> = plain({
    kind: fc.constant('ended' as const),
    id: fc.constant(anId()),
    reason: anyText,
    endedAt: anyTime,
    expiresAt: anyTime,
  })

  test('reads back as what it was written from, through UTF-8, whatever the data', () => {
    const property = fc.property(fc.oneof(live, ended), anyTime, (value, indexedAt) => {
      const bytes = Buffer.from(toText(value, indexedAt))
      const text = bytes.toString()
      expect(fromText(value.id, text)).toStrictEqual(value)
      expect(indexedAtOf(text)).toBe(indexedAt)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  test('cut short anywhere it is refused, not half read', () => {
    const property = fc.property(live, fc.nat(), (value, place) => {
      const text = toText(value, 1)
      const cut = text.slice(0, place % text.length)
      expect(() => fromText(value.id, cut)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_DAMAGED' }))
    })
    fc.assert(property, { numRuns: 1000 })
  })
})

describe('the expiry heap', () => {
  test('always returns the first entry, whatever is added, removed and moved', () => {
    const move = fc.record({
      verb: fc.constantFrom('add', 'add', 'add', 'remove', 'update', 'takeFirst'),
      at: fc.nat(50),
      pick: fc.nat(),
    })
    const property = fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
      const heap = createExpiryHeap<{ value: { expiresAt: number }; place: number }>()
      const held: { value: { expiresAt: number }; place: number }[] = []
      for (const { verb, at, pick } of moves) {
        const item = held[pick % held.length]
        if (verb === 'add' || item === undefined) {
          const added = { value: { expiresAt: at }, place: 0 }
          heap.add(added)
          held.push(added)
        } else if (verb === 'update') {
          item.value = { expiresAt: at }
          heap.update(item)
        } else {
          const gone = verb === 'remove' ? item : (heap.first() ?? item)
          heap.remove(gone)
          held.splice(held.indexOf(gone), 1)
        }
        const earliest = held.length === 0 ? undefined : Math.min(...held.map(({ value }) => value.expiresAt))
        expect(heap.first()?.value.expiresAt).toBe(earliest)
      }
    })
    fc.assert(property, { numRuns: 500 })
  })
})

describe('a linked list', () => {
  interface Item extends Linked<Item> {
    readonly index: number
  }

  test('has in order what was added and not removed, from wherever it is removed', () => {
    const move = fc.record({ verb: fc.constantFrom('add', 'add', 'remove', 'first', 'last'), pick: fc.nat() })
    const property = fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
      const list = createLinkedList<Item>()
      const held: Item[] = []
      for (const [index, { verb, pick }] of moves.entries()) {
        const place = { add: -1, first: 0, last: held.length - 1, remove: pick % Math.max(1, held.length) }[verb]
        const [gone] = place < 0 ? [] : held.splice(place, 1)
        if (gone !== undefined) {
          list.remove(gone)
          expect(gone, 'holds nothing of the list').toEqual({ index: gone.index, before: null, after: null })
        } else {
          const item: Item = { index, before: null, after: null }
          list.add(item)
          held.push(item)
        }
        const found: Item[] = []
        for (let item = list.first; item !== null; item = item.after) found.push(item)
        expect(found).toEqual(held)
        const back: Item[] = []
        for (let item = list.last; item !== null; item = item.before) back.unshift(item)
        expect(back).toEqual(held)
      }
      list.clear()
      expect([list.first, list.last]).toEqual([null, null])
    })
    fc.assert(property, { numRuns: 300 })
  })
})
