import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId } from '../core/contracts/record.ts'
import type { Guarantee, Store } from '../core/contracts/store.ts'
import { type Turns, takeTurn } from '../core/lib/turns.ts'
import { type ExpressStore, textsOf } from './connect/sessions-of.ts'
import { createGate } from './kit/gate.ts'
import { keptRecords, toUserKey } from './kit/kept.ts'
import { isListed, type Listed } from './kit/records.ts'

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

/**
 * Uses any store made for express-session. Such stores read and write a session as a whole, one call after the other, so several
 * processes cannot keep the guarantees in `lacks`. `createSessions` refuses this store unless each of them is accepted by name.
 * Within one process, calls for one session take turns, and no change is lost.
 */
export function connectStore(options: ConnectStoreOptions): Store {
  checkOptions(options, { store: 'any' }, 'connectStore')
  const { store } = options
  if (typeof store?.get !== 'function' || typeof store.set !== 'function' || typeof store.destroy !== 'function') {
    throw new SessionError(
      'ERR_OPTION',
      'connectStore: store must have get, set and destroy, as express-session requires.',
    )
  }
  const texts = textsOf(store)
  const turns: Turns = new Map()
  const { ask, close } = createGate('connect')

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

  const records = keptRecords({
    name: 'connect',
    read: texts.get,
    write: texts.set,
    enter: (userId, id, until) =>
      edit(userId, (entries) => [...entries.filter(([other]) => other !== id), [id, until]]),
    leave: (userId, id) => edit(userId, (entries) => entries.filter(([other]) => other !== id)),
  })

  async function list(userId: string): Promise<Listed[]> {
    const entries = await entriesOf(await keyOf(userId))
    const found = await Promise.all(entries.map(([id]) => records.look(id)))
    return found.filter((each) => isListed(each, userId))
  }

  return {
    name: 'connect',
    lacks: LACKS,
    read: (id) => ask('read', () => records.read(id)),
    create: (record) => ask('create', () => takeTurn(turns, record.id, () => records.create(record))),
    write: (id, change) => ask('write', () => takeTurn(turns, id, () => records.write(id, change))),
    end: (id, tombstone) => ask('end', () => takeTurn(turns, id, () => records.end(id, tombstone))),
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
