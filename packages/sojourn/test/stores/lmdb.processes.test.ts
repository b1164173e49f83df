import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { SessionId } from '../../src/core/contracts/record.ts'
import { lmdbStore } from '../../src/stores/lmdb.ts'
import { buildChild, type Child, removeBuilt, startChild } from '../support/child.ts'
import { expectConsistent, temporaryFolder } from './lmdb-files.ts'
import { anId, aRecord, aTombstone } from './records.ts'

const folder = await temporaryFolder()
const started: Child[] = []
let count = 0
const newPath = (): string => join(folder, `store-${count++}`)

async function start(name: string, args: readonly string[], command?: readonly string[]): Promise<Child> {
  const child = startChild(await buildChild(new URL(`./children/${name}.ts`, import.meta.url)), args, command)
  started.push(child)
  return child
}

afterAll(removeBuilt)
afterEach(async () => {
  const children = started.splice(0)
  for (const { process } of children) process.kill('SIGKILL')
  await Promise.allSettled(children.map(({ ended }) => ended))
})

describe('kill -9', () => {
  interface Acknowledged {
    set: number
    head: number
    isEnded: boolean
  }

  function toAcknowledged(lines: readonly string[]): Map<SessionId, Acknowledged> {
    const found = new Map<SessionId, Acknowledged>()
    for (const line of lines) {
      const [verb, id, n] = line.split(' ')
      const state = found.get(id as SessionId) ?? { set: 0, head: 0, isEnded: false }
      if (verb === 'set') state.set = Number(n)
      if (verb === 'head') state.head = Number(n)
      if (verb === 'ended') state.isEnded = true
      found.set(id as SessionId, state)
    }
    return found
  }

  test('in the middle of writes loses nothing that was acknowledged and leaves nothing half done', async () => {
    const path = newPath()
    const all = new Map<SessionId, Acknowledged>()
    for (let round = 0; round < 10; round++) {
      const children = [await start('writer', [path, 'ada']), await start('writer', [path, 'grace'])]
      await Promise.all(children.map((child) => child.said('created')))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100))
      for (const { process } of children) process.kill('SIGKILL')
      await Promise.all(children.map(({ ended }) => ended))
      for (const child of children) for (const [id, state] of toAcknowledged(child.lines())) all.set(id, state)

      const store = lmdbStore({ path })
      for (const [id, { set, head, isEnded }] of all) {
        const found = await store.read(id)
        expect(found, 'an acknowledged session is there').not.toBeNull()
        if (isEnded) expect(found?.kind, 'an acknowledged end holds').toBe('ended')
        if (found?.kind !== 'live') continue
        expect(Number(found.data.n ?? 0), 'acknowledged data is there').toBeGreaterThanOrEqual(set)
        expect(found.version, 'an acknowledged head is there').toBeGreaterThanOrEqual(head)
      }
      await store.close()
      await expectConsistent(path)
    }
    // A slow disk acknowledges fewer, but each round some.
    expect(all.size).toBeGreaterThan(20)
  }, 60_000)
})

describe('several processes', () => {
  test('a session that another process ended is ended for the very next read, in the same turn', async () => {
    const path = newPath()
    const [go, done] = [join(folder, `go-${count}`), join(folder, `done-${count}`)]
    const store = lmdbStore({ path })
    const record = aRecord({ userId: 'ada' })
    await store.create(record)
    const child = await start('ender', [path, record.id, go, done])
    await child.said('ready live')

    // From here to the end nothing is awaited: lmdb keeps one snapshot for a turn of the event loop.
    const before = [store.read(record.id), store.list('ada')]
    writeFileSync(go, '')
    const nap = new Int32Array(new SharedArrayBuffer(4))
    // The file is there a moment before its content is.
    const isDone = (): boolean => existsSync(done) && readFileSync(done, 'utf8') !== ''
    for (const deadline = Date.now() + 10_000; !isDone() && Date.now() < deadline; ) Atomics.wait(nap, 0, 0, 1)
    const after = [store.read(record.id), store.list('ada')]

    expect(before).toEqual([record, [record]])
    expect(readFileSync(done, 'utf8')).toBe('ended')
    expect(after).toEqual([aTombstone(record), []])
    await store.close()
  }, 30_000)

  test('four at work on one session and one user at once lose no update and keep the list true', async () => {
    const path = newPath()
    const store = lmdbStore({ path })
    const shared = aRecord({ userId: 'ada' })
    await store.create(shared)
    const names = ['one', 'two', 'three', 'four']
    const children = await Promise.all(names.map((name) => start('crowd', [path, name, shared.id])))
    await Promise.all(children.map(({ ended }) => ended))

    const found = await store.read(shared.id)
    const data = found?.kind === 'live' ? found.data : {}
    expect(data.count).toBe(`${4 * 30}`)
    expect(Object.keys(data)).toHaveLength(1 + 4 * 30)
    expect(await store.list('ada')).toHaveLength(1 + 4 * 20)
    await store.close()
    const { records } = await expectConsistent(path)
    expect(records.size).toBe(1 + 4 * 30)
  }, 30_000)

  test('the workers of a node:cluster share every session: no update is lost, a logout holds on all', async () => {
    const child = await start('cluster', [newPath()])
    const port = Number((await child.said('port')).split(' ')[1])
    const workers = new Set<number>()
    const ask = async (path: string, id = ''): Promise<unknown> => {
      const { value, worker } = await fetchJson(`http://127.0.0.1:${port}${path}?id=${id}`)
      workers.add(worker)
      return value
    }

    const id = anId()
    expect(await ask('/create', id)).toBe(true)
    await Promise.all(Array.from({ length: 60 }, () => ask('/count', id)))
    expect(await ask('/count', id)).toBe('61')
    expect(workers.size).toBe(3)

    for (let round = 0; round < 10; round++) {
      const other = anId()
      await ask('/create', other)
      expect(await ask('/list')).toBe(2)
      const ends = await Promise.all(Array.from({ length: 6 }, () => ask('/end', other)))
      expect(ends.filter((kind) => kind === 'live')).toHaveLength(1)
      const reads = await Promise.all(Array.from({ length: 6 }, () => ask('/read', other)))
      expect(reads).toEqual(Array(6).fill('ended'))
    }
  }, 30_000)
})

describe.skipIf(process.platform === 'win32')('a full disk', () => {
  test('fails the write as a fault, lets sessions end, ends no process, and is over when there is room again', async () => {
    const limited = ['sh', '-c', 'ulimit -f 2000; exec "$0" "$@"']
    const child = await start('full-disk', [newPath()], limited)
    const told = JSON.parse((await child.said('told')).slice(5))
    expect(told).toEqual({
      // The disk has room: it is the file that may not grow.
      code: 'ERR_STORE',
      cause: expect.any(String),
      ended: true,
      read: true,
      sweptAll: true,
      again: true,
    })
    expect(told.cause, 'the true reason').not.toMatch(/^$|Commit failed/)
    expect(await child.ended).toBe(0)
  }, 30_000)
})

/** A connection for each request. */
function fetchJson(url: string): Promise<{ value: unknown; worker: number }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: new Agent({ keepAlive: false }) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(text))
      })
    }).on('error', reject)
  })
}
