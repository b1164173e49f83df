import { checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { EndReason, SessionId, SessionRecord } from '../contracts/record.ts'
import { attempt } from '../lib/maybe.ts'
import { repeat } from '../lib/runtime.ts'
import { isLive } from '../token/token.ts'
import { ask, type Caller, emit, readNow } from './caller.ts'
import { orDamaged } from './end-session.ts'

/** A round reads at most this many sessions, so watching costs the store at most 100 reads a second. */
const BATCH = 100
const EVERY_MS = 1_000
/** After this many failures in a row, the store counts as down. */
const MAX_FAILURES = 5

/** `ended` is called once, with the reason. `seen` gets each live record that is read meanwhile. */
export type Watch = (
  id: SessionId,
  ended: (reason: EndReason) => void,
  seen?: (record: SessionRecord) => void,
) => () => void

export interface Watcher {
  readonly watch: Watch
  stop(): void
}

interface Watching {
  readonly ended: Parameters<Watch>[1]
  readonly seen: Parameters<Watch>[2]
}

/**
 * Listens to ends in this process, and to changes that the store hears of, and reads the other watched sessions on one timer,
 * because messages can be lost, and nobody reports an expiry.
 */
export function createWatcher(by: Caller): Watcher {
  const { setup } = by
  const watched = new Map<SessionId, Set<Watching>>()
  let stopTimer: (() => void) | undefined
  let stopListening: (() => void) | undefined
  let stopHearing: (() => void) | undefined
  /** Sessions that are read because the store reported a change. `true`: it reported another one meanwhile. */
  const looking = new Map<SessionId, boolean>()

  function report(id: SessionId, reason: EndReason): void {
    const fail = (error: unknown): void => emit(by, 'fault', { operation: 'listener of watch', error })
    const all = watched.get(id) ?? []
    watched.delete(id)
    for (const { ended } of all) attempt(() => ended(reason), fail)
  }

  async function look(id: SessionId, isSure = setup.store.readNow === undefined): Promise<void> {
    const kept = await orDamaged(id, () => (isSure ? readNow(by, id) : ask(by, 'read', id)))
    // A later version may still open it.
    if (kept?.kind === 'damaged') return
    if (kept?.kind === 'ended') report(id, kept.reason)
    else if (isLive(kept, setup.clock(), setup.limits)) for (const { seen } of watched.get(id) ?? []) seen?.(kept)
    // A cached record may be older than the last request on another server.
    else if (isSure) report(id, 'expired')
    else return look(id, true)
  }

  /** With many changes at once, the next rounds read what is left. */
  function hear(ids: readonly SessionId[]): void {
    for (const id of ids) {
      if (looking.has(id)) looking.set(id, true)
      else if (watched.has(id) && looking.size < 5 * BATCH) void lookNow(id)
    }
  }

  function hearAll(): void {
    hear([...watched.keys()])
  }

  async function lookNow(id: SessionId): Promise<void> {
    do {
      looking.set(id, false)
      // A failure was reported as a fault. The next round reads again.
      await look(id).catch(() => looking.set(id, false))
    } while (looking.get(id) && watched.has(id))
    looking.delete(id)
  }

  async function round(): Promise<boolean> {
    let failures = 0
    for (const [id, all] of [...watched].slice(0, BATCH)) {
      if (watched.get(id) !== all) continue
      // Moved to the end before the read, so that a session that cannot be read does not delay the others.
      watched.delete(id)
      watched.set(id, all)
      try {
        await look(id)
        failures = 0
      } catch {
        // The failure was reported as a fault. The next round reads again.
        if (++failures === MAX_FAILURES) break
      }
    }
    if (watched.size === 0) stopTimer = undefined
    return watched.size > 0
  }

  return {
    watch(id, ended, seen) {
      checkArgument(id, 'string', 'id')
      checkArgument(ended, 'function', 'ended')
      if (setup.closed) throw new SessionError('ERR_CLOSED')
      // The caller may pass one function twice and stop each on its own.
      const own: Watching = { ended, seen }
      const all = watched.get(id) ?? new Set()
      watched.set(id, all.add(own))
      setup.eras.began = hearAll
      stopHearing ??= setup.store.watch?.(hear)
      stopListening ??= setup.events.on('ended', (event) => report(event.id, event.reason))
      stopTimer ??= repeat(EVERY_MS, round)
      return () => {
        // Also if the end is being reported: a listener may stop one that is still to be called.
        all.delete(own)
        if (all.size === 0 && watched.get(id) === all) watched.delete(id)
      }
    },
    stop() {
      watched.clear()
      stopListening?.()
      stopHearing?.()
      stopTimer?.()
    },
  }
}
