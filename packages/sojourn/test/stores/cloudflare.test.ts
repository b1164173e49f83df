import type { CaseResult } from '@sojourn/conformance'
import { createSessions } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { Store } from '../../src/core/contracts/store.ts'
import { durableObjectStore, kvStore, type ObjectNamespace } from '../../src/stores/cloudflare.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { type RunningWorker, startWorker } from '../support/worker.ts'
import { anId, aRecord, aTombstone, DAY, MINUTE, NOW } from './records.ts'

const HOUR = 60 * MINUTE

const folder = quickFolder('worker')
let worker: RunningWorker
let namespace: ObjectNamespace
let store: Store

beforeAll(async () => {
  if (!hasRuntimes) return
  worker = await startWorker(new URL('./runtimes/cloudflare-worker.ts', import.meta.url), folder)
  namespace = await worker.flare.getDurableObjectNamespace('SESSIONS')
  store = durableObjectStore({ namespace })
}, 60_000)
afterAll(() => worker?.stop())

/** Failures with their reasons, for the report. */
function failuresOf(results: readonly CaseResult[]): string[] {
  return results.filter(({ status }) => status === 'failed').map(({ name, reason }) => `${name}: ${reason}`)
}

describe.skipIf(!hasRuntimes)('Durable Objects in workerd', () => {
  test('every store case holds, run inside a Worker', async () => {
    const results = (await worker.ask('/durable-objects')) as CaseResult[]
    expect(failuresOf(results)).toEqual([])
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(70)
  }, 120_000)

  test('so do random schedules of parallel calls and of overlapping requests', async () => {
    expect(await worker.ask('/durable-objects/schedules')).toBeNull()
  }, 120_000)
})

describe.skipIf(!hasRuntimes)('an application in workerd', () => {
  test('counts every one of 30 requests at once, and a logout holds for requests in flight', async () => {
    const { cookie } = await worker.send('/app/login')
    await Promise.all(Array.from({ length: 30 }, () => worker.send('/app/count', cookie)))
    expect((await worker.send('/app/', cookie)).value).toEqual({ user: 'ada', n: 30 })
    // Changes that come too late get an error.
    const late = Array.from({ length: 10 }, () => worker.send('/app/count', cookie).catch(() => null))
    await worker.send('/app/logout', cookie)
    await Promise.all(late)
    expect((await worker.send('/app/', cookie)).value).toEqual({ user: null, n: 0 })
  }, 60_000)
})

describe.skipIf(!hasRuntimes)('D1 in workerd', () => {
  test('every store case holds, run inside a Worker', async () => {
    const results = (await worker.ask('/d1')) as CaseResult[]
    expect(failuresOf(results)).toEqual([])
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(75)
  }, 120_000)

  test('so do random schedules of parallel calls and of overlapping requests', async () => {
    expect(await worker.ask('/d1/schedules')).toBeNull()
  }, 120_000)

  test('a session of D1, which may read an old copy, is refused', () => {
    const session = { prepare: () => null, batch: () => null, getBookmark: () => null }
    expect(() => sqliteStore({ client: session as never })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

/** The content of the storage of the object with this name. */
async function probe(name: string): Promise<[key: string, value: unknown][]> {
  return (await post(name, '/probe')).json() as Promise<[string, unknown][]>
}

/** Time passes for one object: it does what its alarm would do then. */
async function pass(name: string, ms: number): Promise<void> {
  await post(name, `/pass?ms=${ms}&ring`)
}

function post(name: string, path: string): Promise<Response> {
  return namespace.get(namespace.idFromName(name)).fetch(`https://object${path}`, { method: 'POST', body: 'null' })
}

async function userObject(userId: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(userId))
  return `user:${Buffer.from(hash).toString('hex').slice(0, 32)}`
}

async function begin(fields: Partial<SessionRecord> = {}): Promise<{ record: SessionRecord; user: string }> {
  const userId = `ada ${anId()}`
  const record = aRecord({ userId, ...fields })
  await store.create(record)
  return { record, user: await userObject(userId) }
}

describe.skipIf(!hasRuntimes)('what has expired', () => {
  test('is really deleted: session, tombstone and entry', async () => {
    const { record, user } = await begin()
    const ended = aRecord({ userId: record.userId })
    await store.create(ended)
    await store.end(ended.id, aTombstone(ended))
    await pass(`session:${record.id}`, 29 * MINUTE)
    expect(await store.read(record.id)).toEqual(record)
    for (const { id } of [record, ended]) await pass(`session:${id}`, 31 * MINUTE)
    for (const { id } of [record, ended]) expect(await probe(`session:${id}`)).toEqual([])
    expect(await probe(user)).toHaveLength(1)
    await pass(user, 2 * DAY)
    expect(await probe(user)).toEqual([])
  })

  test('is deleted when the platform’s own alarm fires', async () => {
    const { record } = await begin()
    const { id } = record
    // The object's clock is behind while the expiry is set, so that the alarm is due in a moment.
    await post(`session:${id}`, `/pass?ms=${-MINUTE + 200}`)
    await store.write(id, { version: 0, seen: { at: record.lastSeenAt, expiresAt: record.lastSeenAt + MINUTE } })
    await post(`session:${id}`, `/pass?ms=${MINUTE - 200}`)
    await expect.poll(() => probe(`session:${id}`), { timeout: 20_000 }).toEqual([])
    expect(await store.read(id)).toBeNull()
  }, 30_000)

  test('a session in use for days stays in its user’s list', async () => {
    const { record, user } = await begin({ expiresAt: NOW + 20 * HOUR })
    const { id, userId } = record
    for (let at = NOW + 12 * HOUR; at < NOW + 5 * DAY; at += 12 * HOUR) {
      for (const name of [`session:${id}`, user]) await pass(name, 12 * HOUR)
      await store.write(id, { version: 0, seen: { at, expiresAt: at + 20 * HOUR } })
      expect(await store.list(userId ?? '')).toMatchObject([{ id, lastSeenAt: at }])
    }
  })
})

describe.skipIf(!hasRuntimes)('the list of a user', () => {
  test('is rid of what ended, also when its entry could not be removed', async () => {
    const { record, user } = await begin()
    const lame = durableObjectStore({
      namespace: {
        idFromName: (name) => name,
        get: (name: string) => ({
          fetch: (url, init) => {
            if (url.endsWith('/leave')) throw new Error('Network connection lost.')
            return namespace.get(namespace.idFromName(name)).fetch(url, init)
          },
        }),
      },
    })
    expect(await lame.end(record.id, aTombstone(record)), 'an end that is done says so').toEqual(record)
    expect(await probe(user)).toHaveLength(1)
    expect(await store.list(record.userId ?? '')).toEqual([])
    expect(await probe(user)).toEqual([])
  })

  test('never loses a session that begins while it is read', async () => {
    const userId = `ada ${anId()}`
    const records = Array.from({ length: 8 }, () => aRecord({ userId }))
    await Promise.all(records.flatMap((record) => [store.create(record), store.list(userId)]))
    expect((await store.list(userId)).map(({ id }) => id).sort()).toEqual(records.map(({ id }) => id).sort())
  }, 30_000)

  test('names no user in any object', async () => {
    const { record, user } = await begin()
    expect(JSON.stringify([user, await probe(user)])).not.toContain('ada')
    expect(await probe(user)).toEqual([[`entry:${record.id}`, expect.any(Number)]])
  })
})

describe.skipIf(!hasRuntimes)('a write that the platform refuses', () => {
  test('for its size is ERR_DATA_TOO_LARGE, and memory keeps nothing that the disk did not store', async () => {
    const { record } = await begin({ data: { kept: '1' } })
    const set = { big: 'x'.repeat(3_000_000) }
    const tooLarge = { code: 'ERR_DATA_TOO_LARGE', status: 413 }
    await expect(store.write(record.id, { set })).rejects.toMatchObject(tooLarge)
    await expect(store.create(aRecord({ data: set }))).rejects.toMatchObject(tooLarge)
    expect(await store.read(record.id)).toEqual(record)
    expect(await store.write(record.id, { set: { next: '2' } })).toEqual({ status: 'written' })
  })

  test('or a call that fails while objects move is tried again where that is harmless, and only once', async () => {
    const error = Object.assign(new Error('moved'), { retryable: true })
    const asked: string[] = []
    const moving = (failures: number): Store =>
      durableObjectStore({
        namespace: {
          idFromName: (name) => name,
          get: () => ({
            async fetch(url) {
              asked.push(url.slice('https://sojourn/'.length))
              if (asked.length <= failures) throw error
              return Response.json(null)
            },
          }),
        },
      })
    expect(await moving(1).read(anId())).toBeNull()
    expect(asked.splice(0)).toEqual(['read', 'read'])
    await expect(moving(9).read(anId())).rejects.toMatchObject({ code: 'ERR_STORE', cause: { message: 'moved' } })
    expect(asked.splice(0)).toEqual(['read', 'read'])
    const record = aRecord()
    await expect(moving(1).end(record.id, aTombstone(record))).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(asked).toEqual(['end'])
  })

  test('to a binding of another class is ERR_STORE too, and never reported as absent', async () => {
    const other = {
      idFromName: (name: string) => name,
      get: () => ({ fetch: async () => new Response('{}', { status: 404 }) }),
    }
    const lost = durableObjectStore({ namespace: other })
    await expect(lost.read(anId())).rejects.toMatchObject({ code: 'ERR_STORE' })
  })
})

describe('options', () => {
  test('a value that is not a binding is refused', () => {
    const refused = expect.objectContaining({ code: 'ERR_OPTION' })
    expect(() => durableObjectStore({ namespace: undefined as never })).toThrow(refused)
    expect(() => kvStore({ namespace: undefined as never })).toThrow(refused)
  })
})

/** Even here, where KV has one copy only and shows it at once: what takes more than reading and writing. */
const BEYOND_KV = [
  'exactly one of 20 parallel creates of one id succeeds, and its record is stored',
  'exactly one of 20 parallel heads made from one version is written',
  'exactly one of 20 parallel ends gets the record',
  '50 changes of different keys at once all persist',
  '50 parallel read-modify-writes of one key all take effect',
  'the latest of 20 parallel touches is kept',
  'a logout among saves, touches and renewals in flight wins in every order',
  'changes of different keys through two handles at once all persist',
  'when two handles create, change a head or end at once, exactly one of them wins each time',
  'a session ended through one handle is not brought back through the other',
  '50 parallel requests that each add a key leave 50 keys',
  '50 parallel requests that each update one counter count to 50',
  'two servers that update one counter at once count every time',
  'a renewal in parallel requests yields one successor and logs nobody out; the old token is reported on later use, and ends the session at the next',
]

describe.skipIf(!hasRuntimes)('Workers KV in workerd', () => {
  test('is refused until the application accepts all that it lacks', async () => {
    const kv = kvStore({ namespace: await worker.flare.getKVNamespace('KV') })
    expect(() => createSessions({ store: kv })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringMatching(/ended: .*lost-update: .*list: /) }),
    )
    expect(() => createSessions({ store: kv, insecureStoreLacks: ['ended', 'list'] })).toThrow(/lost-update/)
    const all = ['ended', 'lost-update', 'fresh-token', 'list'] as const
    expect(createSessions({ store: kv, insecureStoreLacks: all }).store).toBe(kv)
  })

  test('every store case holds but those of what it lacks', async () => {
    const results = (await worker.ask('/kv')) as CaseResult[]
    const failed = results.filter(({ status }) => status === 'failed').map(({ name }) => name)
    expect(failed.filter((name) => !BEYOND_KV.includes(name))).toEqual([])
    // Were these to hold, Workers KV would have become something else.
    expect(failed).toEqual(expect.arrayContaining(BEYOND_KV.slice(0, 4)))
  }, 120_000)
})
