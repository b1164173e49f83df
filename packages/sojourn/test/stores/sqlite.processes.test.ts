import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'
import type { SessionId } from '../../src/core/contracts/record.ts'
import { type SqlStore, sqliteStore } from '../../src/stores/sqlite.ts'
import { buildChild, type Child, removeBuilt, startChild } from '../support/child.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { programOf } from '../support/runtime.ts'
import { aRecord } from './records.ts'

const folder = quickFolder('sqlite')
const started: Child[] = []

/** Starts a program on a runtime that has SQLite built in. */
async function start(name: string, runtime: 'node' | 'bun', args: readonly string[]): Promise<Child> {
  const file = await buildChild(new URL(`./children/${name}.ts`, import.meta.url))
  const child = startChild(file, args, ['sh', '-c', `exec ${programOf(runtime)} "$@"`])
  started.push(child)
  return child
}

afterAll(removeBuilt)
afterEach(async () => {
  const children = started.splice(0)
  for (const { process } of children) process.kill('SIGKILL')
  await Promise.allSettled(children.map(({ ended }) => ended))
})

function openHere(file: string): { store: SqlStore; database: Database.Database } {
  const database = new Database(file)
  database.exec('PRAGMA busy_timeout = 1000')
  return { store: sqliteStore({ client: database }), database }
}

interface Acknowledged {
  set: number
  head: number
  isEnded: boolean
}

/** The changes that the store acknowledged, according to the writers. */
function toAcknowledged(lines: readonly string[], found: Map<SessionId, Acknowledged>): void {
  for (const line of lines) {
    const [verb, id, n] = line.split(' ')
    const state = found.get(id as SessionId) ?? { set: 0, head: 0, isEnded: false }
    if (verb === 'set') state.set = Number(n)
    if (verb === 'head') state.head = Number(n)
    if (verb === 'ended') state.isEnded = true
    found.set(id as SessionId, state)
  }
}

describe.skipIf(!hasRuntimes || process.platform === 'win32')('processes that share a file', () => {
  test('kill -9 in the middle of writes loses nothing that was acknowledged', async () => {
    const file = join(folder, 'killed.db')
    const all = new Map<SessionId, Acknowledged>()
    for (let round = 0; round < 5; round++) {
      const children = [
        await start('writer', 'node', [`sqlite:${file}`, 'ada']),
        await start('writer', 'bun', [`sqlite:${file}`, 'grace']),
      ]
      await Promise.all(children.map((child) => child.said('ended')))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50))
      for (const { process } of children) process.kill('SIGKILL')
      await Promise.all(children.map(({ ended }) => ended))
      for (const child of children) toAcknowledged(child.lines(), all)

      const { store, database } = openHere(file)
      for (const [id, { set, head, isEnded }] of all) {
        const found = await store.read(id)
        expect(found, 'an acknowledged session is there').not.toBeNull()
        if (isEnded) expect(found?.kind, 'an acknowledged end holds').toBe('ended')
        if (found?.kind !== 'live') continue
        expect(Number(found.data.n ?? 0), 'acknowledged data is there').toBeGreaterThanOrEqual(set)
        expect(found.version, 'an acknowledged head is there').toBeGreaterThanOrEqual(head)
      }
      expect(database.prepare('PRAGMA integrity_check').raw().all()).toEqual([['ok']])
      database.close()
    }
    expect(all.size).toBeGreaterThan(20)
  }, 120_000)

  test('four at work on one session and one user at once lose no update and keep the list true', async () => {
    const file = join(folder, 'crowd.db')
    const { store, database } = openHere(file)
    database.exec('PRAGMA journal_mode = WAL')
    await store.setup()
    const shared = aRecord({ userId: 'ada' })
    await store.create(shared)
    const crowd = ['one', 'two', 'three', 'four'].map((name, index) =>
      start('crowd', index % 2 === 0 ? 'node' : 'bun', [`sqlite:${file}`, name, shared.id]),
    )
    for (const child of await Promise.all(crowd)) expect(await child.ended).toBe(0)

    const found = await store.read(shared.id)
    const data = found?.kind === 'live' ? found.data : {}
    expect(data.count).toBe(`${4 * 30}`)
    expect(Object.keys(data)).toHaveLength(1 + 4 * 30)
    expect(await store.list('ada')).toHaveLength(1 + 4 * 20)
    database.close()
  }, 120_000)

  test('another account of the machine cannot read the file, nor what SQLite puts beside it', async () => {
    const file = join(folder, 'deep', 'private.db')
    const child = await start('writer', 'node', [`sqlite:${file}`, 'ada'])
    await child.said('ended')
    for (const ending of ['', '-wal', '-shm']) expect(statSync(file + ending).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700)
  }, 60_000)
})
