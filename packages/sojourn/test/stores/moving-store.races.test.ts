import { movingStore } from 'sojourn/stores/migrate'
import { describe, expect, test } from 'vitest'
import type { SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { Store } from '../../src/core/contracts/store.ts'
import { LOCK, toMoved, toPlaceholder } from '../../src/stores/around/migrate/marks.ts'
import { find, MAX_TRIES } from '../../src/stores/around/migrate/move.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { aRecord, aTombstone } from './records.ts'

type Kept = SessionRecord | Tombstone | null

/** A store whose reads return these in turn, and the last one from then on. `reads` counts them. */
function reading(...answers: readonly [Kept, ...Kept[]]): Store & { reads: number } {
  const store = {
    ...memoryStore(),
    reads: 0,
    read: () => answers[Math.min(store.reads++, answers.length - 1)] ?? null,
  }
  return store
}

const record = aRecord({ userId: 'ada', data: { n: '1' } })
const { id } = record
const locked: SessionRecord = { ...record, data: { ...record.data, [LOCK]: '1' } }
const tombstone = aTombstone(record)
const arrived: SessionRecord = { ...record, data: { n: '2' } }

describe('a session that moves between the two reads of one look', () => {
  test('is what arrived, where the one that was left is locked', async () => {
    const place = await find({ from: reading(locked), to: reading(null, arrived) }, id)
    expect(place).toEqual({ at: 'to', value: arrived })
  })

  test('is what arrived, where the one that was left has gone', async () => {
    const place = await find({ from: reading(toMoved(record)), to: reading(null, arrived) }, id)
    expect(place).toEqual({ at: 'to', value: arrived })
  })

  test('is ended, where it ended after it arrived', async () => {
    const store = movingStore({ from: reading(toMoved(record)), to: reading(null, tombstone) })
    expect(await store.read(id)).toEqual(tombstone)
  })

  test('is nowhere, where it has expired since', async () => {
    const move = { from: reading(toMoved(record)), to: reading(null) }
    expect(await find(move, id)).toEqual({ at: 'nowhere' })
    expect(move.to.reads).toBe(2)
  })

  test('is still where it was, locked, while nothing but a place for a tombstone is there', async () => {
    for (const second of [null, toPlaceholder(tombstone)]) {
      const place = await find({ from: reading(locked), to: reading(null, second) }, id)
      expect(place).toEqual({ at: 'from', value: locked })
    }
  })

  test('is looked for once more only if it is on its way', async () => {
    const move = { from: reading(record), to: reading(null, arrived) }
    expect(await find(move, id)).toEqual({ at: 'from', value: record })
    expect(move.to.reads).toBe(1)
    const ended = { from: reading(tombstone), to: reading(null, arrived) }
    expect(await find(ended, id)).toEqual({ at: 'from', value: tombstone })
  })
})

describe('a list of a user’s sessions', () => {
  const listing = (store: Store): Store => ({ ...store, list: () => [locked] })

  test('has one whose mover died before it arrived, without the marks', async () => {
    const store = movingStore({ from: listing(reading(locked)), to: reading(null) })
    expect(await store.list('ada')).toEqual([record])
  })

  test('has not one that has ended where it arrived, nor one that has gone', async () => {
    for (const [left, there] of [
      [locked, tombstone],
      [null, null],
    ] as const) {
      expect(await movingStore({ from: listing(reading(left)), to: reading(there) }).list('ada')).toEqual([])
    }
  })
})

describe('a move that others never let through', () => {
  const contended = expect.objectContaining({ code: 'ERR_CONTENTION', status: 503 })

  test('is given up by a write and by an end after so many tries', async () => {
    for (const call of [
      (store: Store) => store.write(id, { set: { a: '1' } }),
      (store: Store) => store.end(id, tombstone),
    ]) {
      let writes = 0
      const from: Store = {
        ...reading(record),
        write: () => {
          writes++
          return { status: 'conflict', record }
        },
      }
      await expect(call(movingStore({ from, to: memoryStore() }))).rejects.toEqual(contended)
      expect(writes).toBe(MAX_TRIES)
    }
  })

  test('is given up too when the session is there at each look and gone at each move', async () => {
    for (const call of [
      (store: Store) => store.write(id, { set: { a: '1' } }),
      (store: Store) => store.end(id, tombstone),
    ]) {
      let reads = 0
      const from: Store = { ...memoryStore(), read: () => (reads++ % 2 === 0 ? record : null) }
      await expect(call(movingStore({ from, to: memoryStore() }))).rejects.toEqual(contended)
      expect(reads).toBe(2 * MAX_TRIES)
    }
  })

  test('is given up by a write that moves nothing', async () => {
    const from: Store = { ...reading(record), write: () => ({ status: 'conflict', record }) }
    const store = movingStore({ from, to: memoryStore(), moves: false })
    await expect(store.write(id, { set: { a: '1' } })).rejects.toEqual(contended)
  })
})
