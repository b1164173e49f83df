import type { SessionRecord, Store } from 'sojourn'
import { assert, assertCode, assertRejects } from '../assert.ts'
import { FAIL_CLOSED, PRIVATE, type StoreCase, withStore } from './context.ts'
import { aHead, aRecord, aTombstone, create } from './records.ts'

/** Every call of a store, on this record. */
function callsOf(store: Store, record: SessionRecord): readonly (readonly [name: string, call: () => unknown])[] {
  const calls: [string, () => unknown][] = [
    ['read', () => store.read(record.id)],
    ['create', () => store.create(aRecord({ data: record.data, userId: record.userId }))],
    [
      'write',
      () => store.write(record.id, { set: record.data, version: record.version, nextVersion: 3, head: record.head }),
    ],
    ['end', () => store.end(record.id, aTombstone(record))],
    ['list', () => store.list(record.userId ?? '')],
  ]
  if (store.sweep !== undefined) calls.push(['sweep', () => store.sweep?.(record.expiresAt + 1, 10)])
  return calls
}

function aPrivateRecord(): SessionRecord {
  return aRecord({ userId: 'user-of-the-private-record', head: aHead(), data: { private: '"stored-private-value"' } })
}

/** The text that a log would contain of an error: its message, its stack, and those of every cause. */
function textOf(error: unknown): string {
  const texts: string[] = []
  for (let depth = 0; error instanceof Error && depth < 10; depth++) {
    texts.push(error.message, error.stack ?? '', JSON.stringify({ ...error, cause: undefined }))
    error = error.cause
  }
  return texts.join('\n')
}

function assertQuiet(error: unknown, record: SessionRecord, what: string): void {
  const text = textOf(error)
  const secrets = [record.id, record.userId ?? '-', record.head.secret, 'stored-private-value']
  for (const secret of secrets)
    assert(!text.includes(secret), `${what}: the error quotes an id, a user or a stored value`)
}

export const faultCases: readonly StoreCase[] = [
  {
    name: 'a closed store rejects every call with ERR_CLOSED and never answers that a record is absent',
    guarantee: FAIL_CLOSED,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = aPrivateRecord()
        await store.create(record)
        await store.close()
        for (const [name, call] of callsOf(store, record)) await assertCode(call, 'ERR_CLOSED', `${name} after close`)
      }),
  },
  {
    name: 'setup and close may be called again',
    run: (ctx) =>
      withStore(ctx, async (store) => {
        await store.setup?.()
        const record = await create(store)
        await store.setup?.()
        assert((await store.read(record.id)) !== null, 'setup left the data alone')
        await store.close()
        await store.close()
      }),
  },
  {
    name: 'no error quotes an id, a user id or a stored value',
    guarantee: PRIVATE,
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = aPrivateRecord()
        await store.create(record)
        await store.close()
        for (const [name, call] of callsOf(store, record)) {
          assertQuiet(await assertRejects(call, `${name} after close`), record, name)
        }
      }),
  },
  {
    name: 'a store that lost its database rejects every call with ERR_STORE, quotes no value, and never answers that a record is absent',
    guarantee: FAIL_CLOSED,
    needs: ['sever'],
    run: (ctx) =>
      withStore(ctx, async (store) => {
        const record = aPrivateRecord()
        await store.create(record)
        await ctx.sever?.(store)
        for (const [name, call] of callsOf(store, record)) {
          assertQuiet(await assertCode(call, 'ERR_STORE', `${name} without a database`), record, name)
        }
      }),
  },
]
