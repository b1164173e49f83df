import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type StoreContext, storeCases } from '@sojourn/conformance'
import { describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import { openEnvironment } from '../../src/stores/lmdb/environment.ts'
import { type LmdbStore, lmdbStore } from '../../src/stores/lmdb.ts'
import { testCases } from '../support/run-cases.ts'
import { contentOf, expectConsistent, temporaryFolder } from './lmdb-files.ts'
import { aRecord, aTombstone, DAY, MINUTE } from './records.ts'

const folder = await temporaryFolder()
let count = 0
const newPath = (): string => join(folder, `store-${count++}`)

const paths = new WeakMap<object, string>()
function openAt(path: string): LmdbStore {
  const store = lmdbStore({ path })
  paths.set(store, path)
  return store
}
const pathOf = (store: object): string => paths.get(store) ?? ''

testCases('lmdb', storeCases, {
  createStore: () => openAt(newPath()),
  second: (store) => openAt(pathOf(store)),
  reopen: (store) => openAt(pathOf(store)),
  probe: (store) => readdirSync(pathOf(store)).map((file) => readFileSync(join(pathOf(store), file))),
  async damage(store, id) {
    const { root, records } = openEnvironment(pathOf(store))
    await records.put(id, '2L later')
    await root.close()
  },
  sweeps: true,
  scans: true,
  without: { sever: 'there is no connection to lose: the data is mapped into the process' },
} satisfies StoreContext)

async function fill(store: LmdbStore, howMany: number, fields: Partial<SessionRecord> = {}): Promise<SessionRecord[]> {
  const records = Array.from({ length: howMany }, () => aRecord({ userId: 'ada', data: { cart: '["a"]' }, ...fields }))
  await Promise.all(records.map((record) => store.create(record)))
  return records
}

describe('opening', () => {
  test('a value that is not a path is an option error', () => {
    expect(() => lmdbStore({ path: '' })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(() => lmdbStore({ path: undefined as never })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  test('nothing touches the disk before setup or the first call', async () => {
    const path = newPath()
    const store = lmdbStore({ path })
    expect(existsSync(path)).toBe(false)
    await store.setup?.()
    expect(existsSync(path)).toBe(true)
    await store.close()
  })

  test('a store that was never used closes, and makes no files', async () => {
    const path = newPath()
    const store = lmdbStore({ path })
    await store.close()
    expect(existsSync(path)).toBe(false)
    expect(() => store.read(aRecord().id)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    expect(existsSync(path)).toBe(false)
  })

  test.skipIf(process.platform === 'win32')('another account of the machine cannot read it', async () => {
    const path = join(newPath(), 'deep', 'sessions.v1')
    const store = lmdbStore({ path })
    await fill(store, 1)
    expect((statSync(path).mode & 0o777).toString(8)).toBe('700')
    for (const file of readdirSync(path)) expect((statSync(join(path, file)).mode & 0o777).toString(8)).toBe('600')
    expect(readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb'])
    await store.close()
  })

  test('a path under a file fails as ERR_STORE with the reason', async () => {
    const file = newPath()
    writeFileSync(file, '')
    const store = lmdbStore({ path: join(file, 'sessions') })
    expect(() => store.setup?.()).toThrow(expect.objectContaining({ code: 'ERR_STORE', cause: expect.any(Error) }))
    await expect(store.create(aRecord())).rejects.toMatchObject({ code: 'ERR_STORE' })
  })

  test('a file that is no LMDB data is refused, and left as it is', async () => {
    const path = newPath()
    mkdirSync(path)
    const bytes = Buffer.alloc(16_384, 'not a database ')
    writeFileSync(join(path, 'data.mdb'), bytes)
    const store = lmdbStore({ path })
    expect(() => store.read(aRecord().id)).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
    expect(readFileSync(join(path, 'data.mdb')).equals(bytes)).toBe(true)
  })
})

describe('a record that this version cannot read', () => {
  const texts = {
    'a later format': '9L1800000000000["stored-private-value",0,1,1,1,{},[]]\n',
    'a kind of its own': '1X1800000000000["stored-private-value",0,1,1,1,{},[]]\n',
    'torn JSON': '1L1800000000000["stored-private-value\n',
    'no line': 'stored-private-value',
    nothing: ' ',
    'texts cut short': '1L1800000000000["u",0,1,1,1,{},["key",999]]\nstored-private-value',
    'texts too long': '1L1800000000000["u",0,1,1,1,{},["key",3]]\nstored-private-value',
  }

  test.each(Object.entries(texts))(
    '%s: every call on it fails, none says "nothing there", none quotes it',
    async (_, text) => {
      const path = newPath()
      const store = lmdbStore({ path })
      const [record] = (await fill(store, 1)) as [SessionRecord]
      const { root, records } = openEnvironment(path)
      await records.put(record.id, text)
      const calls = [
        () => store.read(record.id),
        () => store.create(record),
        () => store.write(record.id, { set: { a: '1' } }),
      ]
      for (const call of calls) {
        const error = await Promise.resolve()
          .then((): unknown => call())
          .then(
            () => null,
            (found: unknown) => found as Error,
          )
        expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
        expect(`${error?.stack}${String(error?.cause)}`).not.toContain('stored-private-value')
      }
      expect(records.get(record.id)).toBe(text)
      await root.close()
      await store.close()
    },
  )
})

describe('the expiry index', () => {
  test('a touch does not write it: the sweep moves the entry when it comes to it', async () => {
    const path = newPath()
    const store = lmdbStore({ path })
    const [record] = (await fill(store, 1)) as [SessionRecord]
    const touch = (at: number): unknown =>
      store.write(record.id, { version: 0, seen: { at, expiresAt: at + 30 * MINUTE } })
    await touch(record.lastSeenAt + MINUTE)
    await touch(record.lastSeenAt + 2 * MINUTE)
    const { expiry } = await contentOf(path)
    expect(expiry).toEqual([`${record.expiresAt} ${record.id}`])
    expect(await store.sweep?.(record.expiresAt, 10)).toBe(0)
    expect((await contentOf(path)).expiry).toEqual([`${record.expiresAt + 2 * MINUTE} ${record.id}`])
    await store.close()
    await expectConsistent(path)
  })

  test('a thousand touched sessions before one that is due do not hide it, nor does their sweep hold up a logout', async () => {
    const store = lmdbStore({ path: newPath() })
    const touched = await fill(store, 1000)
    const seen = (record: SessionRecord) => ({ at: record.lastSeenAt + 1, expiresAt: record.expiresAt + DAY })
    await Promise.all(touched.map((record) => store.write(record.id, { version: 0, seen: seen(record) })))
    const [due] = (await fill(store, 1, { expiresAt: (touched[0]?.expiresAt ?? 0) + 1 })) as [SessionRecord]
    const [other] = (await fill(store, 1, { expiresAt: due.expiresAt + DAY })) as [SessionRecord]
    const order: string[] = []
    const sweep = Promise.resolve(store.sweep?.(due.expiresAt, 1)).then((deleted) => order.push(`swept ${deleted}`))
    const end = Promise.resolve(store.end(other.id, aTombstone(other))).then(() => order.push('ended'))
    await Promise.all([sweep, end])
    expect(order).toEqual(['ended', 'swept 1'])
    expect(await store.list('ada')).toHaveLength(1000)
    await store.close()
  })

  test('agrees with the records after everything that can happen to them', async () => {
    const path = newPath()
    const store = lmdbStore({ path })
    const records = await fill(store, 60)
    await Promise.all(
      records.map(async (record, index) => {
        const expiresAt = record.expiresAt + (index % 5 < 2 ? -index : index) * MINUTE
        const seen = { at: record.lastSeenAt + 1, expiresAt }
        if (index % 2 === 0) await store.write(record.id, { version: 0, seen })
        if (index % 3 === 0)
          await store.end(record.id, { ...aTombstone(record), expiresAt: expiresAt - (index % 4) * MINUTE })
        if (index % 7 === 0) await store.sweep?.(record.expiresAt - 10 * MINUTE, 3)
      }),
    )
    await expectConsistent(path)
    await store.sweep?.(records[0]?.expiresAt ?? 0, 10_000)
    await expectConsistent(path)
    await store.sweep?.(Number.MAX_SAFE_INTEGER, 10_000)
    expect((await expectConsistent(path)).records.size).toBe(0)
    await store.close()
  })
})

describe('closing', () => {
  test('writes in flight are either acknowledged and kept, or rejected; none hangs', async () => {
    const path = newPath()
    const store = lmdbStore({ path })
    await store.setup?.()
    const records = Array.from({ length: 200 }, () => aRecord())
    const answers = records.map((record) => store.create(record))
    const closed = store.close()
    const settled = await Promise.allSettled(answers)
    await closed
    const again = lmdbStore({ path })
    for (const [index, record] of records.entries()) {
      const isThere = (await again.read(record.id)) !== null
      if (settled[index]?.status === 'fulfilled') expect(isThere).toBe(true)
      else expect(settled[index]).toMatchObject({ reason: { code: expect.stringMatching(/ERR_STORE|ERR_CLOSED/) } })
    }
    await again.close()
    await expectConsistent(path)
  })

  test('one of two handles in one process leaves the other at work', async () => {
    const path = newPath()
    const [one, two] = [lmdbStore({ path }), lmdbStore({ path })]
    const [record] = (await fill(one, 1)) as [SessionRecord]
    expect(await two.read(record.id)).toEqual(record)
    await one.close()
    await two.write(record.id, { set: { theme: '"dark"' } })
    expect(await two.read(record.id)).toEqual({ ...record, data: { cart: '["a"]', theme: '"dark"' } })
    await two.close()
  })
})

describe('backup', () => {
  test('opens as a store, and holds what the store held', async () => {
    const [path, target] = [newPath(), join(newPath(), 'monday')]
    const store = lmdbStore({ path })
    const records = await fill(store, 100)
    await Promise.all(records.slice(0, 30).map((record) => store.end(record.id, aTombstone(record))))
    await store.backup(target)
    await store.close()
    expect(await expectConsistent(target)).toEqual(await contentOf(path))
    const copy = lmdbStore({ path: target })
    expect(await copy.list('ada')).toHaveLength(70)
    await copy.close()
  })

  test('made while sessions begin and end: whole, consistent, with all that was acknowledged before', async () => {
    const target = newPath()
    const store = lmdbStore({ path: newPath() })
    const before = await fill(store, 300)
    let isDone = false
    const traffic = (async () => {
      while (!isDone) {
        const records = await fill(store, 20)
        await Promise.all(records.map((record) => store.end(record.id, aTombstone(record))))
      }
    })()
    await store.backup(target)
    isDone = true
    await traffic
    await store.close()
    const { records } = await expectConsistent(target)
    for (const record of before) expect(records.get(record.id)).toEqual(record)
  })

  test.skipIf(process.platform === 'win32')(
    'is for its owner only, and holds nothing of sessions swept before',
    async () => {
      const [path, target] = [newPath(), newPath()]
      const store = lmdbStore({ path })
      await fill(store, 50, { data: { private: '"stored-private-value"' } })
      await store.sweep?.(Number.MAX_SAFE_INTEGER, 1000)
      await store.backup(target)
      expect((statSync(target).mode & 0o777).toString(8)).toBe('700')
      expect((statSync(join(target, 'data.mdb')).mode & 0o777).toString(8)).toBe('600')
      expect(readFileSync(join(target, 'data.mdb')).includes('stored-private-value')).toBe(false)
      await store.close()
    },
  )

  test('never overwrites, and leaves nothing behind when it fails', async () => {
    const store = lmdbStore({ path: newPath() })
    await fill(store, 1)
    const parent = newPath()
    await store.backup(join(parent, 'a'))
    await expect(store.backup(join(parent, 'a'))).rejects.toMatchObject({ code: 'ERR_OPTION' })
    const file = newPath()
    writeFileSync(file, '')
    await expect(store.backup(join(file, 'b'))).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(readdirSync(parent)).toEqual(['a'])
    const both = await Promise.allSettled([store.backup(join(parent, 'b')), store.backup(join(parent, 'b'))])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(readdirSync(parent)).toEqual(['a', 'b'])
    await store.close()
    await expect(store.backup(join(parent, 'c'))).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
