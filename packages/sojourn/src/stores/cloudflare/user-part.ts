import type { SessionId } from '../../core/contracts/record.ts'
import type { ObjectStorage } from './object-storage.ts'

export interface UserCalls {
  /** Lists the session at least until `until`. */
  enter(given: { readonly id: SessionId; readonly until: number }): Promise<null>
  leave(given: { readonly ids: readonly SessionId[] }): Promise<null>
  ids(): Promise<readonly SessionId[]>
}

const PREFIX = 'entry:'

/** The platform deletes at most this many keys in one call. */
const BATCH = 128

const NEVER = Number.POSITIVE_INFINITY

/**
 * Keeps the list of one user's sessions. An entry is written before its session and kept longer, so no live session is missing.
 * The reader skips entries without a session.
 */
export function createUserPart(
  storage: ObjectStorage,
  stored: ReadonlyMap<string, unknown>,
  now: () => number,
): { readonly calls: UserCalls; alarm(): Promise<void> } {
  const entries = new Map<SessionId, number>()
  for (const [key, until] of stored) {
    if (key.startsWith(PREFIX)) entries.set(key.slice(PREFIX.length) as SessionId, Number(until))
  }
  /** The alarm is set for this time or earlier. If it fires early, it finds nothing to do. */
  let alarmAt = firstOf(entries)

  async function ringAt(time: number): Promise<void> {
    if (time >= alarmAt) return
    alarmAt = time
    await storage.setAlarm(time)
  }

  async function drop(ids: readonly SessionId[]): Promise<void> {
    const keys = ids.filter((id) => entries.delete(id)).map((id) => PREFIX + id)
    if (entries.size > 0) {
      const batches = Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, i) => i * BATCH)
      await Promise.all(batches.map((at) => storage.delete(keys.slice(at, at + BATCH))))
    } else if (keys.length > 0) {
      // Deletes everything, so that the object costs nothing. Whether that deletes the alarm depends on the Worker's
      // compatibility date.
      alarmAt = NEVER
      await storage.deleteAll()
    }
  }

  return {
    calls: {
      async enter({ id, until }) {
        const longest = Math.max(until, entries.get(id) ?? 0)
        entries.set(id, longest)
        await Promise.all([storage.put(PREFIX + id, longest), ringAt(longest)])
        return null
      },

      async leave({ ids }) {
        await drop(ids)
        return null
      },

      ids: async () => [...entries.keys()],
    },

    async alarm() {
      alarmAt = NEVER
      const due = [...entries].filter(([, until]) => until <= now()).map(([id]) => id)
      await Promise.all([drop(due), ringAt(firstOf(entries))])
    },
  }
}

function firstOf(entries: ReadonlyMap<SessionId, number>): number {
  let first = NEVER
  for (const until of entries.values()) first = Math.min(first, until)
  return first
}
