import type { Store } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import { PRIVATE, type StoreCase, withStore } from './context.ts'
import { create, readLive, toData } from './records.ts'

const ODD_KEYS = [
  '',
  ' ',
  '0',
  '-1',
  '1',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'a.b',
  'a:b',
  '$set',
  '~f',
  '~~tilde',
  'a[0]',
  '"quoted"',
  'new\nline',
  'tab\t',
  'nul\u0000inside',
  'ключ',
  '🔑',
  'é',
  'e\u0301',
  '\ufeffbom',
  'k'.repeat(1000),
]

const ODD_TEXTS: readonly (readonly [name: string, text: string])[] = [
  ['empty', ''],
  ['spaces', '  '],
  ['number with zeros', '0017.500'],
  ['huge number', '1e400'],
  ['long integer', '12345678901234567890'],
  ['every byte', Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')],
  ['line ends', 'a\r\nb\rc\nd\u0085e\u2028f\u2029g'],
  ['emoji', '👩🏽‍🚀 text 👨‍👩‍👧‍👦'],
  ['combining', 'Z\u0351\u036b\u0343a\u0321'],
  ['edges of the plane', '\ufffd\ufffe\uffff\ufeff\u{10ffff}'],
  ['JSON of JSON', JSON.stringify(JSON.stringify({ a: '"' }))],
  ['template', '{{y}} %s ?1 $1 :name @p'],
]

async function assertKept(store: Store, entries: readonly (readonly [string, string])[], what: string): Promise<void> {
  const created = await create(store, { data: toData(entries) })
  assertEqual(await store.read(created.id), created, `${what}: read after create`)
  const written = await create(store, { userId: 'ada' })
  await store.write(written.id, { set: toData(entries) })
  assertEqual((await readLive(store, written.id)).data, toData(entries), `${what}: read after write`)
}

/** The text must be kept exactly, or refused with an error, but never changed silently. */
async function assertKeptOrRefused(store: Store, key: string, text: string, what: string): Promise<void> {
  const { id } = await create(store, { data: { before: '1' } })
  let isRefused = false
  try {
    await store.write(id, { set: toData([[key, text]]) })
  } catch {
    isRefused = true
  }
  const expected = isRefused
    ? toData([['before', '1']])
    : toData([
        ['before', '1'],
        [key, text],
      ])
  assertEqual((await readLive(store, id)).data, expected, what)
}

export const dataCases: readonly StoreCase[] = [
  {
    name: 'every key is an ordinary key: __proto__, constructor, the empty one, any script',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        await assertKept(
          store,
          ODD_KEYS.map((key, index) => [key, `${index}`] as const),
          'all at once',
        )
        for (const key of ODD_KEYS) await assertKept(store, [[key, '1']], JSON.stringify(key.slice(0, 20)))
      }),
  },
  {
    name: 'every key can be expected, replaced and removed',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const { id } = await create(store)
        for (const key of ODD_KEYS) {
          const what = JSON.stringify(key.slice(0, 20))
          const first = { set: toData([[key, '1']]), expect: { key, text: null } }
          assertEqual((await store.write(id, first)).status, 'written', `first write of ${what}`)
          assertEqual((await store.write(id, first)).status, 'conflict', `first write again of ${what}`)
          const next = { set: toData([[key, '2']]), expect: { key, text: '1' } }
          assertEqual((await store.write(id, next)).status, 'written', `second write of ${what}`)
          assertEqual((await readLive(store, id)).data, toData([[key, '2']]), `data with ${what}`)
          await store.write(id, { remove: [key] })
          assertEqual((await readLive(store, id)).data, {}, `data without ${what}`)
        }
      }),
  },
  {
    name: 'stored data reaches no prototype',
    guarantee: PRIVATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const data = toData([
          ['__proto__', '{"polluted":true}'],
          ['constructor', '{"prototype":{"polluted":true}}'],
        ])
        const { id } = await create(store, { data })
        await store.write(id, { set: data })
        const found = await readLive(store, id)
        assert(!('polluted' in {}), 'Object.prototype is as it was')
        assert(!('polluted' in found.data) && !('polluted' in found), 'the record inherits nothing')
        assertEqual(Object.keys(found.data).sort(), ['__proto__', 'constructor'], 'own keys')
      }),
  },
  {
    name: 'every text is read back unchanged',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        await assertKept(store, ODD_TEXTS, 'all at once')
        for (const [name, text] of ODD_TEXTS) await assertKept(store, [['key', text]], name)
      }),
  },
  {
    name: 'half a surrogate pair is kept or refused, and never changed silently',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        await assertKeptOrRefused(store, 'key', '"\ud800"', 'in a text')
        await assertKeptOrRefused(store, 'key', '\udfff and \ud83d', 'two in a text')
        await assertKeptOrRefused(store, 'half \ud83d', '1', 'in a key')
      }),
  },
  {
    name: 'texts of 100 kB, and many keys, are read back unchanged',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        await assertKept(store, [['ascii', 'x'.repeat(100_000)]], '100 kB of ASCII')
        await assertKept(store, [['mixed', '"ж👩"\\'.repeat(15_000)]], '100 kB of everything')
        const many = Array.from({ length: 500 }, (_, index) => [`key ${index}`, `"${'v'.repeat(index)}"`] as const)
        await assertKept(store, many, '500 keys')
      }),
  },
]
