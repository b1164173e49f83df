import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionRecord } from '../../core/contracts/record.ts'
import type { Change, Store } from '../../core/contracts/store.ts'
import { nextTry } from '../../core/lib/turns.ts'
import { toOnceId, toOwnRecord } from '../../core/token/once.ts'

/**
 * Texts by key that every process which shares the store sees, and that last as long as sessions do: records that no token opens and
 * that no list of sessions shows. Each key is written separately, so parallel writers lose nothing.
 */
export interface Box {
  read(): Promise<Readonly<Record<string, string>>>
  has(key: string): Promise<boolean>
  put(key: string, text: string): Promise<void>
  /** Replaces the text of a key (`null`: none) if it is still this one. Resolves with whether it was. */
  swap(key: string, from: string | null, to: string | null): Promise<boolean>
  remove(keys: readonly string[]): Promise<void>
  /** Removes all of it, for good: what is put later is not kept. */
  end(): Promise<void>
}

const LIFE_MS = 10 * 365 * 86_400_000
/** Longer than anything that still writes to a box that was ended. */
const ENDED_MS = 3_600_000

/** A box in one record. */
export function createBox(store: Store, name: string, wall: () => number): Box {
  const id = toOnceId(`shared signals ${name}`)

  async function find(): Promise<SessionRecord | null> {
    const kept = await (store.readNow?.(id) ?? store.read(id))
    return kept?.kind === 'live' ? kept : null
  }

  async function begin(): Promise<void> {
    const now = Math.floor(wall())
    if (await store.create(toOwnRecord(id, now, now + LIFE_MS))) return
    const kept = await (store.readNow?.(id) ?? store.read(id))
    if (kept?.kind === 'ended') throw new SessionError('ERR_STORE', `The record of shared signals (${name}) was ended.`)
  }

  async function write(change: Change): Promise<boolean> {
    for (let tries = 0; ; tries = nextTry(tries)) {
      const { status } = await store.write(id, change)
      if (status !== 'gone') return status === 'written'
      // There is no text to replace, and nothing to begin for it.
      if (typeof change.expect?.text === 'string') return false
      await begin()
    }
  }

  return {
    read: async () => (await find())?.data ?? {},
    has: async (key) => (await find())?.data[key] !== undefined,
    async put(key, text) {
      await write({ set: { [key]: text } })
    },
    swap: (key, from, to) =>
      write({ ...(to === null ? { remove: [key] } : { set: { [key]: to } }), expect: { key, text: from } }),
    async remove(keys) {
      if (keys.length > 0 && (await find()) !== null) await write({ remove: keys })
    },
    async end() {
      const endedAt = Math.floor(wall())
      await store.end(id, { kind: 'ended', id, reason: 'ended', endedAt, expiresAt: endedAt + ENDED_MS })
    },
  }
}

/** Stores write and read a record as a whole, and some limit its size (DynamoDB: 400 kB). */
const PARTS = 8

/** A box for very many texts: spread over several records. */
export function createLargeBox(store: Store, name: string, wall: () => number): Box {
  const parts = Array.from({ length: PARTS }, (_, index) => createBox(store, `${name} ${index}`, wall))
  const partOf = (key: string): Box => parts[toPart(key)] as Box

  return {
    read: async () => Object.assign({}, ...(await Promise.all(parts.map((part) => part.read())))),
    has: (key) => partOf(key).has(key),
    put: (key, text) => partOf(key).put(key, text),
    swap: (key, from, to) => partOf(key).swap(key, from, to),
    async remove(keys) {
      await Promise.all(parts.map((part) => part.remove(keys.filter((key) => partOf(key) === part))))
    },
    async end() {
      await Promise.all(parts.map((part) => part.end()))
    },
  }
}

function toPart(key: string): number {
  let sum = 0
  for (let index = 0; index < key.length; index++) sum = (sum * 31 + key.charCodeAt(index)) >>> 0
  return sum % PARTS
}
