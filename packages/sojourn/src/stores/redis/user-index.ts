import { hash } from 'node:crypto'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { Link } from './link.ts'
import { enter, restore, runScript } from './scripts.ts'

export interface Entry {
  readonly id: SessionId
  /** How long it is kept. */
  readonly ms: number
}

/**
 * The sessions that a user may have: a sorted set for each user, ordered by the time until which an entry is kept. An entry only
 * shows where to look. The record decides whether the session lives, and whose it is.
 */
export interface UserIndex {
  /** Resolves when the entry is certain to be kept for this long. */
  enter(userId: string, id: SessionId, ms: number): Promise<void>
  ids(userId: string): Promise<SessionId[]>
  /** Replaces a key that is not an index, atomically, because a list must never find a part only. */
  restore(userId: string, entries: readonly Entry[]): Promise<void>
  /** Does not wait: an entry too many costs one read, never a guarantee. */
  forget(userId: string, ids: readonly SessionId[]): void
}

export function createUserIndex(link: Link, prefix: string): UserIndex {
  return {
    async enter(userId, id, ms) {
      await runScript(link, enter, toKey(prefix, userId), [id, String(Math.ceil(ms / 1000))])
    },

    async ids(userId) {
      const key = toKey(prefix, userId)
      const found = await link.send(['zrange', key, '0', '-1'], key)
      if (!Array.isArray(found))
        throw new SessionError('ERR_STORE', "redis: the user's index is not a list of sessions.")
      return found as SessionId[]
    },

    async restore(userId, entries) {
      const args = entries.flatMap(({ id, ms }) => [id, String(Math.ceil(ms / 1000))])
      await runScript(link, restore, toKey(prefix, userId), args)
    },

    forget(userId, ids) {
      const key = toKey(prefix, userId)
      link.send(['zrem', key, ...ids], key).catch(() => undefined)
    },
  }
}

/** As long as a record's key, whatever the length of the user id, and never equal to one: ids contain no `@`. */
function toKey(prefix: string, userId: string): string {
  return `${prefix}@${hash('sha256', userId, 'base64url').slice(0, 21)}`
}
