import type { SessionId } from '../../core/contracts/record.ts'
import type { ObjectStorage } from './object-storage.ts'

export interface UserCalls {
  /** Lists the session, at least until then. */
  enter(given: { readonly id: SessionId; readonly until: number }): Promise<null>
  leave(given: { readonly ids: readonly SessionId[] }): Promise<null>
  ids(): Promise<readonly SessionId[]>
}

const PREFIX = 'entry:'

/** What one delete of the platform takes. */
const BATCH = 128

const NEVER = Number.POSITIVE_INFINITY

/**
 * Which sessions a user has: an entry stands there before its session does, and is kept longer. So no live session is
 * ever missing; what is listed and not there is for the reader to leave out.
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
  /** The alarm is set for this time, or for one before: then it rings for nothing. */
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
      // Nothing is left to pay for. Depending on the Worker's compatibility date the alarm goes too.
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
