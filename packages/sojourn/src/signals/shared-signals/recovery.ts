import { createLanes } from '../../events/webhooks/lanes.ts'
import type { Timing } from '../../stores/around/wrapper.ts'
import type { Ending, Outbox } from './outbox-store.ts'

export interface RecoveryParts {
  readonly outbox: Outbox
  readonly timing: Timing
  readonly recoverAfterMs: number
  /** Tells that a session ended, and removes the note. `told`: the ids of events that are stored. It skips those, and adds new ones. */
  readonly tellEnd: (key: string | null, ending: Ending, told: Set<string>) => Promise<void>
  /** Tells what happened to the user's account, if that ended the session. */
  readonly tellAccount: (ending: Ending, cause: string, told: Set<string>) => Promise<void>
  /** Nothing more is told. */
  readonly isOver: () => boolean
  readonly onFault: (error: unknown) => void
}

/** Tells each end of a session once: by the process that ended it, or, after a crash, by any. */
export interface Recovery {
  /** Tells an end of this process. `key`: its note. */
  tell(key: string | null, ending: Ending): Promise<void>
  /** Tells what a crash left. */
  recover(): Promise<void>
}

/** Ends that are told at a time. After thousands of sessions ended, the store and `subjectOf` must not get them all at once. */
const TELLING = 16
/** After this time, a session that still lives was not ended: the process stopped before. */
const GIVE_UP_MS = 60_000

export function createRecovery(parts: RecoveryParts): Recovery {
  const { outbox, timing, tellEnd, isOver } = parts
  const { endings, inner } = outbox
  const lanes = createLanes(TELLING)
  /** The notes that are being told. */
  const busy = new Set<string>()
  /** The notes whose failure was reported. They are tried again each time. */
  const failed = new Set<string>()
  let isRecovering = false

  /** The clock may have been ahead. */
  function ageOf(at: number): number {
    return Math.abs(timing.wall() - at)
  }

  /** Whether other processes may think that a crash left it. */
  function isLeft({ at }: Ending): boolean {
    return ageOf(at) >= parts.recoverAfterMs
  }

  async function inTurn(key: string, work: () => Promise<void>): Promise<void> {
    busy.add(key)
    await lanes(work).finally(() => busy.delete(key))
  }

  /** If it fails for one receiver, the note remembers what the others have: they must not get it again each time. */
  async function telling(key: string, ending: Ending, work: (told: Set<string>) => Promise<void>): Promise<void> {
    const told = new Set(ending.told)
    try {
      await work(told)
    } catch (error) {
      const next = { ...ending, told: [...told] }
      if (told.size > (ending.told ?? []).length) await endings.swap(key, JSON.stringify(ending), JSON.stringify(next))
      throw error
    }
  }

  /** Another process may have told it while it waited for its turn. */
  async function tellOne(key: string, ending: Ending): Promise<void> {
    const isTold = isLeft(ending) && !(await endings.has(key))
    if (!isOver() && !isTold) await telling(key, ending, (told) => tellEnd(key, ending, told))
  }

  /** A note whose session has ended was left by a crash. One whose session lives was never carried out. */
  async function recoverOne(key: string, ending: Ending, causes: Set<string>): Promise<void> {
    if (isOver() || !(await endings.has(key))) return
    const kept = await (inner.readNow?.(ending.id) ?? inner.read(ending.id))
    if (kept?.kind === 'live') {
      if (ageOf(ending.at) > GIVE_UP_MS) await endings.remove([key])
      return
    }
    // The event of the account may be lost too.
    const cause = ending.cause ?? key
    const isFirst = !causes.has(cause)
    causes.add(cause)
    await telling(key, ending, async (told) => {
      if (isFirst) await parts.tellAccount(ending, cause, told)
      await tellEnd(key, ending, told)
    })
  }

  /** A note that cannot be told now, or that never gets an answer, must not hold back the others. */
  async function recover(): Promise<void> {
    if (isRecovering) return
    isRecovering = true
    const notes = await endings.read().finally(() => {
      isRecovering = false
    })
    const causes = new Set<string>()
    const recovered = Object.entries(notes).map(async ([key, text]) => {
      const ending = JSON.parse(text) as Ending
      if (busy.has(key) || !isLeft(ending)) return
      await inTurn(key, () => recoverOne(key, ending, causes)).then(
        () => failed.delete(key),
        (error: unknown) => {
          if (!failed.has(key)) parts.onFault(error)
          failed.add(key)
        },
      )
    })
    await Promise.all(recovered)
  }

  return {
    async tell(key, ending) {
      if (key !== null) return inTurn(key, () => tellOne(key, ending))
      await lanes(async () => (isOver() ? undefined : tellEnd(null, ending, new Set())))
    },
    recover,
  }
}
