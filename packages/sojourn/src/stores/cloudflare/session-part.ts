import type { SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change, Written } from '../../core/contracts/store.ts'
import { changeKept, entryUntil, type Kept, lifeOf } from '../kit/kept.ts'
import { isTooLarge, type ObjectStorage } from './object-storage.ts'

/** The write would outlive the session's entry in the user's list, so the entry must be moved first. */
export interface EntryFirst {
  readonly status: 'entry'
  readonly userId: string
  readonly until: number
}

export interface SessionCalls {
  read(): Promise<SessionRecord | Tombstone | null>
  /** `until`: how long the entry in the user's list is kept. */
  create(given: { readonly record: SessionRecord; readonly until: number }): Promise<boolean>
  write(given: { readonly change: Change; readonly until?: number }): Promise<Written | EntryFirst>
  end(given: { readonly tombstone: Tombstone }): Promise<SessionRecord | null>
}

/** Everything that the object of one session holds. */
interface Held extends Kept {
  /** At or before `deleteAt`: a session in use moves its expiry every minute, but the alarm is only moved when it fires. */
  readonly alarmAt: number
}

const KEY = 'session'

/** One session and its storage. It awaits nothing between reading and writing, so nothing can come in between. */
export function createSessionPart(
  storage: ObjectStorage,
  stored: ReadonlyMap<string, unknown>,
  now: () => number,
): { readonly calls: SessionCalls; alarm(): Promise<void> } {
  let kept = (stored.get(KEY) ?? null) as Held | null

  async function keep(next: Kept): Promise<void> {
    const before = kept
    const alarmAt = before === null ? next.deleteAt : Math.min(before.alarmAt, next.deleteAt)
    const isMoved = alarmAt !== before?.alarmAt
    kept = { ...next, alarmAt }
    try {
      await Promise.all([storage.put(KEY, kept), isMoved && storage.setAlarm(alarmAt)])
    } catch (error) {
      // The platform refused the write before anything was stored. If an alarm was set, it fires and finds nothing to do.
      if (isTooLarge(error)) kept = before
      throw error
    }
  }

  return {
    calls: {
      read: async () => kept?.value ?? null,

      async create({ record, until }) {
        if (kept !== null) return false
        await keep({ value: record, deleteAt: now() + lifeOf(record), until })
        return true
      },

      async write({ change, until = 0 }) {
        const entry = Math.max(kept?.until ?? 0, until)
        const outcome = changeKept(kept && { ...kept, until: entry }, change, now())
        if (outcome.status !== 'keep') return outcome
        const { next, shortFor } = outcome
        if (shortFor !== null) return { status: 'entry', userId: shortFor, until: entryUntil(next.deleteAt) }
        await keep(next)
        return { status: 'written' }
      },

      async end({ tombstone }) {
        if (kept === null || kept.value.kind === 'ended') return null
        const { value, until } = kept
        await keep({ value: tombstone, deleteAt: now() + lifeOf(tombstone), until })
        return value
      },
    },

    async alarm() {
      if (kept === null) return
      if (kept.deleteAt > now()) {
        kept = { ...kept, alarmAt: kept.deleteAt }
        await Promise.all([storage.put(KEY, kept), storage.setAlarm(kept.alarmAt)])
        return
      }
      kept = null
      await storage.deleteAll()
    },
  }
}
