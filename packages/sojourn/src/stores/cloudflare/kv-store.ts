import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Guarantee, Store, Written } from '../../core/contracts/store.ts'
import { orDamaged } from '../../core/request/damaged.ts'
import { toQuietCause } from '../kit/driver-errors.ts'
import { createGate } from '../kit/gate.ts'
import { assertStorable, isStorableId } from '../kit/ids.ts'
import { applyChange, isListed, type Listed } from '../kit/records.ts'
import { type Kept, parseKept } from './kept.ts'
import { toUserKey } from './keys.ts'
import { entryUntil, lifeAfter, lifeOf } from './lifetime.ts'

/** The members of a Workers KV namespace that the store uses: a binding of the Worker. */
export interface KvNamespace {
  get(key: string): Promise<string | null>
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix: string; cursor?: string }): Promise<KvPage>
}

/** One page of a list. `cursor` leads to the next page. */
export interface KvPage {
  readonly keys: readonly { readonly name: string }[]
  readonly list_complete: boolean
  readonly cursor?: string
}

export interface KvStoreOptions {
  readonly namespace: KvNamespace
}

const LACKS: Readonly<Record<Guarantee, string>> = {
  ended:
    'Workers KV shows a change to other places after a minute or more, so an ended session stays open there until then.',
  'lost-update': 'Workers KV has no conditional write, so parallel changes overwrite each other.',
  'fresh-token': 'Another place may still hold the earlier record, accept a replaced token and refuse its successor.',
  list: 'A list of Workers KV misses sessions that began elsewhere a moment ago, so a revocation misses them too.',
}

/** `KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.` */
const TOO_LARGE = /\b413\b/

/**
 * Sessions in Workers KV, for data that may be seen late, such as a visitor's theme. KV is eventually consistent and cannot keep
 * the guarantees in `lacks`, so `createSessions` refuses this store unless each of them is accepted by name.
 */
export function kvStore({ namespace }: KvStoreOptions): Store {
  if (typeof namespace?.get !== 'function') {
    throw new SessionError('ERR_OPTION', 'kvStore: namespace must be a Workers KV binding, such as env.SESSIONS.')
  }
  const { ask, close } = createGate('workers-kv', (operation, error) => {
    const cause = toQuietCause(error)
    return TOO_LARGE.test(cause.message)
      ? new SessionError('ERR_DATA_TOO_LARGE', 'workers-kv: 25 MB.', cause)
      : new SessionError('ERR_STORE', `workers-kv: ${operation} failed.`, cause)
  })

  async function load(id: SessionId): Promise<Kept | null> {
    if (!isStorableId(id)) return null
    const text = await namespace.get(`session:${id}`)
    return text === null ? null : parseKept('workers-kv', text)
  }

  async function keep(kept: Kept): Promise<void> {
    const text = JSON.stringify(kept)
    await namespace.put(`session:${kept.value.id}`, text, { expirationTtl: secondsUntil(kept.deleteAt) })
  }

  async function enter(userId: string, id: SessionId, until: number): Promise<void> {
    await namespace.put(`${await toPrefix(userId)}${id}`, '', { expirationTtl: secondsUntil(until) })
  }

  async function create(record: SessionRecord): Promise<boolean> {
    assertStorable('workers-kv', record)
    if ((await load(record.id)) !== null) return false
    const deleteAt = Date.now() + lifeOf(record)
    const until = entryUntil(deleteAt)
    if (record.userId !== null) await enter(record.userId, record.id, until)
    await keep({ value: record, deleteAt, until })
    return true
  }

  async function write(id: SessionId, change: Parameters<Store['write']>[1]): Promise<Written> {
    const kept = await load(id)
    if (kept === null) return { status: 'gone', tombstone: null }
    const { value, until } = kept
    if (value.kind === 'ended') return { status: 'gone', tombstone: value }
    const next = applyChange(value, change)
    if (next === null) return { status: 'conflict', record: value }
    if (next === value) return { status: 'written' }
    const life = next.expiresAt === value.expiresAt ? null : lifeAfter(change)
    const deleteAt = life === null ? kept.deleteAt : Date.now() + life
    const isEntryShort = value.userId !== null && deleteAt > until
    if (isEntryShort) await enter(value.userId, id, entryUntil(deleteAt))
    await keep({ value: next, deleteAt, until: isEntryShort ? entryUntil(deleteAt) : until })
    return { status: 'written' }
  }

  async function end(id: SessionId, tombstone: Tombstone): Promise<Listed | null> {
    const kept = await orDamaged(id, () => load(id))
    if (kept === null) return null
    const deleteAt = Date.now() + lifeOf(tombstone)
    if ('kind' in kept) {
      await keep({ value: { ...tombstone, id }, deleteAt, until: 0 })
      return kept
    }
    const { value, until } = kept
    if (value.kind === 'ended') return null
    await keep({ value: tombstone, deleteAt, until })
    // The session has ended, even if its entry stays. The entry expires by itself.
    const { userId } = value
    if (userId !== null) await toPrefix(userId).then((prefix) => namespace.delete(prefix + id).catch(() => undefined))
    return value
  }

  async function list(userId: string): Promise<Listed[]> {
    const prefix = await toPrefix(userId)
    const live: Listed[] = []
    let page: KvPage | undefined
    do {
      page = await namespace.list({ prefix, ...(page?.cursor !== undefined && { cursor: page.cursor }) })
      for (const { name } of page.keys) {
        const id = name.slice(prefix.length) as SessionId
        const value = await orDamaged(id, async () => (await load(id))?.value ?? null)
        if (isListed(value, userId)) live.push(value)
      }
    } while (!page.list_complete)
    return live
  }

  return {
    name: 'workers-kv',
    lacks: LACKS,
    read: (id) => ask('read', async () => (await load(id))?.value ?? null),
    create: (record) => ask('create', () => create(record)),
    write: (id, change) => ask('write', () => write(id, change)),
    end: (id, tombstone) => ask('end', () => end(id, tombstone)),
    list: (userId) => ask('list', () => list(userId)),
    close: () => close(),
  }
}

async function toPrefix(userId: string): Promise<string> {
  return `user:${await toUserKey(userId)}:`
}

/** Workers KV refuses a time of less than a minute. */
function secondsUntil(time: number): number {
  return Math.max(60, Math.ceil((time - Date.now()) / 1000))
}
