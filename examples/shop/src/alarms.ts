import type { Database } from 'lmdb'
import type { Sessions } from 'sojourn'
import type { ShopData } from './sessions.ts'

/** Something that a guard noticed about a session, until its user says that they have seen it. */
export interface Alarm {
  readonly sessionId: string
  /** The guard's word for it: `browser-changed`. */
  readonly finding: string
  /** What the guard saw. */
  readonly message: string
  /** The device that signed in: `Chrome on Linux`. */
  readonly device: string
  readonly at: Date
}

export interface Alarms {
  /** Newest first. */
  list(userId: string): Alarm[]
  dismiss(userId: string, sessionId: string, finding: string): Promise<void>
  /** Ids of the sessions that are bound to a key of their device. */
  bound(userId: string): ReadonlySet<string>
}

/** Below it, honest users look like that too. */
const LEAST_SCORE = 0.4

/** Keeps what the guards report. The same again is the same alarm, so a thief cannot fill the list. */
export function createAlarms(db: Database, sessions: Sessions<ShopData>): Alarms {
  const below = (...path: string[]) => Array.from(db.getRange({ start: path, end: [...path, '\uffff'] }))
  const bound = (userId: string): Set<string> => new Set(db.get(['bound', userId]))

  sessions.on('finding', async ({ id, userId, finding, score, message, at }) => {
    if (id === null || userId === null) return
    const live = await sessions.list(userId)
    if (finding === 'device-bound') {
      const ids = live.map((session) => session.id as string)
      await db.transaction(() => db.put(['bound', userId], [id, ...ids.filter((one) => bound(userId).has(one))]))
    }
    if ((score ?? 0) < LEAST_SCORE) return
    const device = live.find((session) => session.id === id)?.device?.name ?? 'Unknown device'
    const alarm: Alarm = { sessionId: id, finding, message, device, at }
    await db.put(['alarm', userId, id, finding], alarm)
  })

  return {
    bound,
    list(userId) {
      const alarms = below('alarm', userId).map(({ value }) => value as Alarm)
      return alarms.sort((a, b) => Number(b.at) - Number(a.at))
    },
    async dismiss(userId, sessionId, finding) {
      await db.remove(['alarm', userId, sessionId, finding])
    },
  }
}
