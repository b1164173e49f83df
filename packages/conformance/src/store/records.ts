import type { Head, SessionId, SessionRecord, Store, Tombstone } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'

export const SECOND = 1000
export const MINUTE: number = 60 * SECOND
export const DAY: number = 24 * 60 * MINUTE

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Random text in the alphabet of base64url. */
export function randomText(length: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => ALPHABET[byte & 63]).join('')
}

/** In the form of core's ids: 22 characters of base64url. */
export function anId(): SessionId {
  return randomText(22) as SessionId
}

/** With every optional field, so that a store that drops one is detected. */
export function aHead(): Head {
  const now = Date.now()
  return {
    secret: randomText(43),
    secretAt: now,
    previous: [
      { hash: randomText(43), until: now + 30 * SECOND, how: 'renewed' },
      { hash: randomText(43), until: now + 10 * SECOND, how: 'rotated', sealedKey: randomText(80) },
    ],
    renewal: { nonce: randomText(22), next: randomText(43), sealedKey: randomText(80) },
    authenticatedAt: now - MINUTE,
    methods: ['pwd', 'otp'],
    assurance: 'aal2',
    device: { name: 'Firefox on Linux ▲', ip: null },
    idleMs: 30 * MINUTE,
    absoluteMs: 400 * DAY,
    sealedKey: randomText(80),
  }
}

/** A live record, created now, because a server that expires records by itself uses real time. */
export function aRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now()
  return {
    kind: 'live',
    id: anId(),
    userId: null,
    version: 0,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + 30 * MINUTE,
    head: { secret: randomText(43), secretAt: now },
    data: {},
    ...fields,
  }
}

export function aTombstone(record: SessionRecord, reason = 'logout'): Tombstone {
  return { kind: 'ended', id: record.id, reason, endedAt: record.createdAt + SECOND, expiresAt: record.expiresAt }
}

/** Creates the record, and fails if the store does not. */
export async function create(store: Store, fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
  const record = aRecord(fields)
  assertEqual(await store.create(record), true, 'create of a new id')
  return record
}

/** Returns the live record under this id, and fails if there is none. */
export async function readLive(store: Store, id: SessionId): Promise<SessionRecord> {
  const found = await store.read(id)
  assert(found?.kind === 'live', `read: expected a live record, got ${found === null ? 'null' : 'a tombstone'}`)
  return found
}

/** Data with these entries, each an own property, even if its key is `__proto__`. */
export function toData(entries: Iterable<readonly [string, string]>): Readonly<Record<string, string>> {
  return Object.fromEntries(entries)
}

/** Makes `count` calls in parallel and returns their results in order. */
export function atOnce<T>(count: number, call: (index: number) => T | Promise<T>): Promise<Awaited<T>[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => call(index)))
}

/** The ids of a user's list, sorted, so that two lists can be compared. */
export async function listIds(store: Store, userId: string): Promise<string[]> {
  const records = await store.list(userId)
  assert(Array.isArray(records), 'list answers with an array')
  return records.map(({ id }) => id as string).sort()
}
