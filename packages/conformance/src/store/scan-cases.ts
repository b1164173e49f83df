import type { SessionRecord, Store, Tombstone } from 'sojourn'
import { assert, assertCode, assertEqual } from '../assert.ts'
import { ENDED, type StoreCase, withStore, withTwo } from './context.ts'
import { aHead, anId, aTombstone, atOnce, create } from './records.ts'

type Value = SessionRecord | Tombstone

const needs = ['scans'] as const

/** A page may be empty, but a scan that takes this many pages for a few records never ends. */
const PAGES = 10_000

/** Scans everything and runs `between` between the pages. The last value of an id counts. */
async function scanAll(
  stores: readonly Store[],
  limit: number,
  between: (page: readonly Value[]) => Promise<void> = async () => undefined,
): Promise<Map<string, Value>> {
  const found = new Map<string, Value>()
  let cursor: string | null = null
  for (let page = 0; page < PAGES; page++) {
    const store: Store | undefined = stores[page % stores.length]
    assert(store?.scan !== undefined, 'the context says that this store scans')
    const { values: all, next } = await store.scan(cursor, limit)
    const values = all.filter((value) => value.kind !== 'damaged')
    for (const value of values) found.set(value.id, value)
    if (next === null) return found
    assert(/^[\x20-\x7e]{1,1024}$/.test(next), 'a cursor is printable text of at most 1024 characters')
    cursor = next
    await between(values)
  }
  assert(false, `the scan ends within ${PAGES} pages`)
}

/** Half of them belong to one user, a third of them have ended. */
async function fill(store: Store, count: number): Promise<Map<string, Value>> {
  const values = await atOnce(count, async (index): Promise<Value> => {
    const data = { n: `${index}`, text: '"▲"' }
    const record = await create(store, { userId: index % 2 === 0 ? 'ada' : null, head: aHead(), version: index, data })
    if (index % 3 !== 0) return record
    await store.end(record.id, aTombstone(record))
    return aTombstone(record)
  })
  return new Map(values.map((value) => [value.id, value]))
}

function sorted(values: ReadonlyMap<string, Value>): Value[] {
  return [...values.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

export const scanCases: readonly StoreCase[] = [
  {
    name: 'a scan of an empty store finishes',
    needs,
    run: (ctx) => withStore(ctx, async (store) => assertEqual((await scanAll([store], 10)).size, 0, 'found')),
  },
  {
    name: 'a scan returns every record and tombstone unchanged, for any page size',
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const values = await fill(store, 60)
        for (const limit of [1, 7, 1000]) {
          assertEqual(sorted(await scanAll([store], limit)), sorted(values), `found in pages of ${limit}`)
        }
      }),
  },
  {
    name: 'a scan during which sessions end and start misses none that existed before it',
    guarantee: ENDED,
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const values = await fill(store, 60)
        const found = await scanAll([store], 5, async (page) => {
          for (const value of page) {
            if (value.kind === 'ended' || value.userId === 'grace') continue
            await store.end(value.id, aTombstone(value))
            await create(store, { userId: 'grace' })
          }
        })
        for (const id of values.keys()) assert(found.has(id), 'everything that was there came')
      }),
  },
  {
    name: 'a cursor is valid on another handle: two handles share one scan',
    needs: ['scans', 'second'],
    run: (ctx) =>
      withTwo(ctx, async (one, two) => {
        const values = await fill(one, 40)
        assertEqual(sorted(await scanAll([one, two], 3)), sorted(values), 'found')
      }),
  },
  {
    name: 'a scan changes nothing, and returns copies',
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { userId: 'ada', data: { a: '1' } })
        for (const value of (await scanAll([store], 10)).values()) {
          try {
            Object.assign(value.kind === 'live' ? value.data : value, { a: '2' })
          } catch {
            // It is frozen, which is as good.
          }
        }
        assertEqual(await store.read(record.id), record, 'read')
        assertEqual(await store.list('ada'), [record], 'list')
      }),
  },
  {
    name: 'a text that is not a cursor of this store is an option error',
    needs,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        await create(store, { id: anId() })
        for (const cursor of ['', 'no cursor ▲', '\u0000', 'x'.repeat(5000), '{"__proto__":1}']) {
          const what = `scan from ${JSON.stringify(cursor.slice(0, 20))}`
          await assertCode(async () => store.scan?.(cursor, 10), 'ERR_OPTION', what)
        }
      }),
  },
]
