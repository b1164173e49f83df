import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import type { SessionId } from '../../src/core/contracts/record.ts'
import { openEnvironment } from '../../src/stores/lmdb/environment.ts'
import { fromText, indexedAtOf } from '../../src/stores/lmdb/record-text.ts'

/** A directory for one test file, gone when its tests are done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sojourn-lmdb-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Content {
  /** Id to record or tombstone, as the text in the database says. */
  readonly records: ReadonlyMap<string, ReturnType<typeof fromText>>
  /** `hash id` of every entry. */
  readonly users: readonly string[]
  /** `time id` of every entry. */
  readonly expiry: readonly string[]
}

/** Everything in the database, read past the store. */
export async function contentOf(path: string): Promise<Content> {
  const { root, records, users, expiry } = openEnvironment(path)
  try {
    const found = new Map<string, ReturnType<typeof fromText>>()
    for (const { key, value } of records.getRange()) found.set(key, fromText(key as SessionId, value))
    return {
      records: found,
      users: Array.from(users.getKeys(), (key) => key.join(' ')),
      expiry: Array.from(expiry.getKeys(), (key) => key.join(' ')),
    }
  } finally {
    await root.close()
  }
}

/** Fails unless records and both indexes tell the same story: nothing dangling, nothing missing. */
export async function expectConsistent(path: string): Promise<Content> {
  const content = await contentOf(path)
  const live = [...content.records.values()].filter((value) => value.kind === 'live' && value.userId !== null)
  expect(content.users.map((entry) => entry.split(' ')[1]).sort()).toEqual(live.map(({ id }) => id).sort())
  const { root, records } = openEnvironment(path)
  const bounds = Array.from(records.getRange(), ({ key, value }) => [key, indexedAtOf(value)] as const)
  await root.close()
  expect([...content.expiry].sort()).toEqual(bounds.map(([id, at]) => `${at} ${id}`).sort())
  for (const [id, at] of bounds) expect(at).toBeLessThanOrEqual(content.records.get(id)?.expiresAt ?? 0)
  return content
}
