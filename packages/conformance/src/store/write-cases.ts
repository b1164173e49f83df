import { assert, assertEqual } from '../assert.ts'
import { NO_LOST_UPDATE, type StoreCase, withStore } from './context.ts'
import { aHead, atOnce, create, readLive, SECOND, toData } from './records.ts'

const WRITTEN = { status: 'written' } as const
/** The largest version that core uses: what a 32-bit column holds. */
const NEXT = 2 ** 31 - 1

export const writeCases: readonly StoreCase[] = [
  {
    name: 'a change sets, replaces and removes the keys that it names, and no others',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { data: { kept: '1', replaced: '2', removed: '3' } })
        const change = { set: { replaced: '"new"', added: '{"x":[]}' }, remove: ['removed', 'never there'] }
        assertEqual(await store.write(record.id, change), WRITTEN, 'write')
        const data = { kept: '1', replaced: '"new"', added: '{"x":[]}' }
        assertEqual(await store.read(record.id), { ...record, data }, 'read')
      }),
  },
  {
    name: 'a value is replaced as a whole, and never merged or parsed',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { data: { list: '["a"]', object: '{"a":{"b":1},"d":[1]}' } })
        const set = { list: '["b"]', object: '{"a":{"c":2}}', odd: '{"dup":1, "dup":2 }', notJson: '~sealed~' }
        await store.write(record.id, { set })
        assertEqual((await readLive(store, record.id)).data, set, 'data')
      }),
  },
  {
    name: 'a change of data keeps the version; a change of the head sets the version that it carries',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { version: 4 })
        await store.write(record.id, { set: { a: '1' } })
        assertEqual((await readLive(store, record.id)).version, 4, 'version after a write of data')
        const head = aHead()
        assertEqual(await store.write(record.id, { version: 4, nextVersion: NEXT, head }), WRITTEN, 'write of a head')
        assertEqual(await store.read(record.id), { ...record, version: NEXT, head, data: { a: '1' } }, 'read')
      }),
  },
  {
    name: 'a head made from an older version is a conflict: the record is returned, and nothing of the change is stored',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { version: 4 })
        const seen = { at: record.lastSeenAt + SECOND, expiresAt: record.expiresAt + SECOND }
        const stale = { version: 3, nextVersion: NEXT, head: aHead(), set: { a: '1' }, seen }
        assertEqual(await store.write(record.id, stale), { status: 'conflict', record }, 'write')
        assertEqual(await store.read(record.id), record, 'read')
      }),
  },
  {
    name: 'exactly one of 20 parallel heads made from one version is written',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        const heads = Array.from({ length: 20 }, aHead)
        const answers = await atOnce(20, (index) =>
          store.write(record.id, { version: 0, nextVersion: index + 1, head: heads[index] ?? aHead() }),
        )
        const written = answers.flatMap(({ status }, index) => (status === 'written' ? [index] : []))
        assertEqual(written.length, 1, 'heads that were written')
        assertEqual(answers.filter(({ status }) => status === 'conflict').length, 19, 'conflicts')
        const head = heads[written[0] ?? 0] ?? aHead()
        assertEqual(await store.read(record.id), { ...record, version: (written[0] ?? 0) + 1, head }, 'read')
      }),
  },
  {
    name: '`expect` allows a change if the key has exactly that text, or is absent as expected',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { data: { n: '1' } })
        const next = { set: { n: '2' }, expect: { key: 'n', text: '1' } }
        assertEqual(await store.write(record.id, next), WRITTEN, 'write on the expected text')
        const first = { set: { m: '1' }, expect: { key: 'm', text: null } }
        assertEqual(await store.write(record.id, first), WRITTEN, 'write on the expected absence')
        const away = { remove: ['n'], expect: { key: 'n', text: '2' } }
        assertEqual(await store.write(record.id, away), WRITTEN, 'removal on the expected text')
        assertEqual((await readLive(store, record.id)).data, { m: '1' }, 'data')
      }),
  },
  {
    name: 'an unmet `expect` is a conflict: the record is returned, and nothing of the change is stored',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { data: { n: '1' } })
        const seen = { at: record.lastSeenAt + SECOND, expiresAt: record.expiresAt + SECOND }
        const conflict = { status: 'conflict', record } as const
        for (const expect of [
          { key: 'n', text: '2' },
          { key: 'n', text: null },
          { key: 'n', text: ' 1' },
          { key: 'other', text: '1' },
          { key: 'constructor', text: 'undefined' },
        ]) {
          const change = {
            set: { n: '9', x: '1' },
            remove: ['n'],
            version: 0,
            nextVersion: NEXT,
            head: aHead(),
            seen,
            expect,
          }
          assertEqual(await store.write(record.id, change), conflict, `write expecting ${JSON.stringify(expect)}`)
        }
        assertEqual(await store.read(record.id), record, 'read')
      }),
  },
  {
    name: '50 changes of different keys at once all persist',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { data: { before: '"kept"' } })
        const entries = Array.from({ length: 50 }, (_, index) => [`key-${index}`, `${index}`] as const)
        await atOnce(50, (index) => store.write(record.id, { set: toData([entries[index] ?? ['', '']]) }))
        assertEqual((await readLive(store, record.id)).data, toData([['before', '"kept"'], ...entries]), 'data')
      }),
  },
  {
    name: '50 parallel read-modify-writes of one key all take effect',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store)
        await atOnce(50, async () => {
          let text = (await readLive(store, record.id)).data.n ?? null
          for (let tries = 0; tries < 1000; tries++) {
            const set = { n: `${Number(text ?? 0) + 1}` }
            const written = await store.write(record.id, { set, expect: { key: 'n', text } })
            if (written.status === 'written') return
            assert(written.status === 'conflict', 'a lost race is a conflict')
            text = written.record.data.n ?? null
          }
          assert(false, 'a writer of 50 must win once in 1000 tries')
        })
        assertEqual((await readLive(store, record.id)).data, { n: '50' }, 'data')
      }),
  },
  {
    name: 'an empty change of a live record is written',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = await create(store, { data: { a: '1' } })
        assertEqual(await store.write(record.id, {}), WRITTEN, 'write')
        assertEqual(await store.write(record.id, { set: {}, remove: [] }), WRITTEN, 'write of no keys')
        assertEqual(await store.read(record.id), record, 'read')
      }),
  },
]
