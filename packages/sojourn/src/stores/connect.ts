import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../core/contracts/record.ts'
import type { Change, Guarantee, Store, Written } from '../core/contracts/store.ts'
import { type Turns, takeTurn } from '../core/lib/turns.ts'
import { orDamaged } from '../core/request/damaged.ts'
import { type Kept, parseKept } from './cloudflare/kept.ts'
import { toUserKey } from './cloudflare/keys.ts'
import { entryUntil, lifeAfter, lifeOf } from './cloudflare/lifetime.ts'
import { type ExpressStore, textsOf } from './connect/sessions-of.ts'
import { createGate } from './kit/gate.ts'
import { assertStorable, isStorableId } from './kit/ids.ts'
import { applyChange, isListed, type Listed } from './kit/records.ts'

export type { ExpressStore } from './connect/sessions-of.ts'

export interface ConnectStoreOptions {
  /** An instance of a store made for express-session. Closing this store leaves it open. */
  readonly store: ExpressStore
}

const LACKS: Readonly<Record<Guarantee, string>> = {
  ended:
    'Express-style stores overwrite without a condition, so a save by another process can restore an ended session.',
  'lost-update':
    'Express-style stores write a session as a whole, so changes by several processes overwrite each other.',
  'fresh-token': 'A save by another process can restore a replaced token.',
  list: 'Express-style stores do not know users. The list that is kept beside the sessions can miss some if several processes write it.',
}

/** Ids of a user's sessions, each with the time until which its entry is kept. */
type Entries = readonly (readonly [id: SessionId, until: number])[]

const WRITTEN: Written = { status: 'written' }

/**
 * Uses any store made for express-session. Such stores read and write a session as a whole, one call after the other, so several
 * processes cannot keep the guarantees in `lacks`. `createSessions` refuses this store unless each of them is accepted by name.
 * Within one process, calls for one session take turns, and no change is lost.
 */
export function connectStore({ store }: ConnectStoreOptions): Store {
  if (typeof store?.get !== 'function' || typeof store.set !== 'function' || typeof store.destroy !== 'function') {
    throw new SessionError(
      'ERR_OPTION',
      'connectStore: store must have get, set and destroy, as express-session requires.',
    )
  }
  const texts = textsOf(store)
  const turns: Turns = new Map()
  const { ask, close } = createGate('connect')

  async function load(id: SessionId): Promise<Kept | null> {
    if (!isStorableId(id)) return null
    const text = await texts.get(id)
    return text === null ? null : parseKept('connect', text)
  }

  function keep(kept: Kept): Promise<void> {
    return texts.set(kept.value.id, JSON.stringify(kept), kept.deleteAt)
  }

  async function entriesOf(key: string): Promise<Entries> {
    const text = await texts.get(key)
    return text === null ? [] : parseEntries(text)
  }

  /** Changes the user's list, and removes expired entries. A damaged list is replaced by the next login. */
  async function edit(userId: string, change: (entries: Entries) => Entries): Promise<void> {
    const key = await keyOf(userId)
    await takeTurn(turns, key, async () => {
      const now = Date.now()
      const found = await entriesOf(key).catch(nothingIfDamaged)
      const entries = change((found ?? []).filter(([, until]) => until > now))
      if (entries.length === 0) return found === null ? undefined : texts.delete(key)
      await texts.set(key, JSON.stringify(entries), Math.max(...entries.map(([, until]) => until)))
    })
  }

  function enter(userId: string, id: SessionId, until: number): Promise<void> {
    return edit(userId, (entries) => [...entries.filter(([other]) => other !== id), [id, until]])
  }

  async function create(record: SessionRecord): Promise<boolean> {
    assertStorable('connect', record)
    if ((await load(record.id)) !== null) return false
    const deleteAt = Date.now() + lifeOf(record)
    const until = entryUntil(deleteAt)
    // The list first, so that a revocation cannot miss a session that was acknowledged.
    if (record.userId !== null) await enter(record.userId, record.id, until)
    await keep({ value: record, deleteAt, until })
    return true
  }

  async function write(id: SessionId, change: Change): Promise<Written> {
    const kept = await load(id)
    if (kept === null) return { status: 'gone', tombstone: null }
    const { value, until } = kept
    if (value.kind === 'ended') return { status: 'gone', tombstone: value }
    const next = applyChange(value, change)
    if (next === null) return { status: 'conflict', record: value }
    if (next === value) return WRITTEN
    const life = next.expiresAt === value.expiresAt ? null : lifeAfter(change)
    const deleteAt = life === null ? kept.deleteAt : Date.now() + life
    const isEntryShort = value.userId !== null && deleteAt > until
    if (isEntryShort) await enter(value.userId, id, entryUntil(deleteAt))
    await keep({ value: next, deleteAt, until: isEntryShort ? entryUntil(deleteAt) : until })
    return WRITTEN
  }

  async function end(id: SessionId, tombstone: Tombstone): Promise<Listed | null> {
    const kept = await orDamaged(id, () => load(id))
    if (kept === null) return null
    const deleteAt = Date.now() + lifeOf(tombstone)
    if ('kind' in kept) {
      await keep({ value: { ...tombstone, id }, deleteAt, until: 0 })
      return kept
    }
    if (kept.value.kind === 'ended') return null
    await keep({ value: tombstone, deleteAt, until: kept.until })
    const { userId } = kept.value
    // The session has ended, even if its entry stays. The entry expires by itself.
    if (userId !== null) await edit(userId, (all) => all.filter(([other]) => other !== id)).catch(() => undefined)
    return kept.value
  }

  async function list(userId: string): Promise<Listed[]> {
    const entries = await entriesOf(await keyOf(userId))
    const found = await Promise.all(entries.map(([id]) => orDamaged(id, async () => (await load(id))?.value ?? null)))
    return found.filter((each) => isListed(each, userId))
  }

  return {
    name: 'connect',
    lacks: LACKS,
    read: (id) => ask('read', async () => (await load(id))?.value ?? null),
    create: (record) => ask('create', () => takeTurn(turns, record.id, () => create(record))),
    write: (id, change) => ask('write', () => takeTurn(turns, id, () => write(id, change))),
    end: (id, tombstone) => ask('end', () => takeTurn(turns, id, () => end(id, tombstone))),
    list: (userId) => ask('list', () => list(userId)),
    close: () => close(),
  }
}

/** Ids contain no dot, so the key cannot collide with one. */
async function keyOf(userId: string): Promise<string> {
  return `user.${await toUserKey(userId)}`
}

function parseEntries(text: string): Entries {
  try {
    const entries: unknown = JSON.parse(text)
    if (Array.isArray(entries) && entries.every(isEntry)) return entries
  } catch {
    // The error of JSON.parse is dropped because it quotes the text.
  }
  throw new SessionError('ERR_RECORD_DAMAGED', "connect: the list of a user's sessions is damaged.")
}

function nothingIfDamaged(error: unknown): null {
  if (error instanceof SessionError && error.code === 'ERR_RECORD_DAMAGED') return null
  throw error
}

function isEntry(value: unknown): value is Entries[number] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number'
}
