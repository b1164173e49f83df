import { expect, test } from 'vitest'
import type { SqlStore } from '../../src/stores/sql/sql-store.ts'
import { aRecord, aTombstone } from './records.ts'

/** The network traffic of each verb. `sent` has the statements so far. */
export function testRoundTrips(name: string, open: () => { store: SqlStore; sent: string[] }, endTrips: number): void {
  test(`${name}: what each verb sends`, async () => {
    const { store, sent } = open()
    await store.setup()
    const trips = async (work: () => unknown): Promise<number> => {
      sent.length = 0
      await work()
      return sent.length
    }
    const record = aRecord({ userId: 'ada', data: { a: '1' } })
    const { id, version, head } = record
    const seen = { at: record.lastSeenAt + 1, expiresAt: record.expiresAt + 1 }
    expect({
      create: await trips(() => store.create(record)),
      taken: await trips(() => store.create(record)),
      read: await trips(() => store.read(id)),
      touch: await trips(() => store.write(id, { version, seen })),
      edit: await trips(() => store.write(id, { set: { b: '2' }, remove: ['a'], expect: { key: 'a', text: '1' } })),
      renewal: await trips(() => store.write(id, { version, nextVersion: version + 3, head, seen, set: { b: '3' } })),
      list: await trips(() => store.list('ada')),
      conflict: await trips(() => store.write(id, { version, nextVersion: version + 3, head })),
      end: await trips(() => store.end(id, aTombstone(record))),
      gone: await trips(() => store.write(id, { set: { b: '4' } })),
      'no id at all': await trips(() => store.read('../../etc/passwd' as typeof id)),
    }).toEqual({
      ...{ create: 1, taken: 1, read: 1, touch: 1, edit: 1, renewal: 1, list: 1 },
      ...{ conflict: 2, end: endTrips, gone: 2, 'no id at all': 0 },
    })
  })
}
