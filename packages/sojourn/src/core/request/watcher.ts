import { checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { EndReason, SessionId } from '../contracts/record.ts'
import { attempt } from '../lib/maybe.ts'
import { repeat } from '../lib/runtime.ts'
import { isLive } from '../token/token.ts'
import { ask, type Caller, emit, readNow } from './caller.ts'
import { orDamaged } from './end-session.ts'

/** A round reads at most this many sessions, so watching costs the store at most 100 reads a second. */
const BATCH = 500
const EVERY_MS = 5_000
/** After this many failures in a row, the store counts as down. */
const MAX_FAILURES = 5

type Ended = (reason: EndReason) => void

export interface Watcher {
  watch(id: SessionId, ended: Ended): () => void
  stop(): void
}

/**
 * Listens to ends in this process, and to changes that the store hears of, and reads the other watched sessions on one timer,
 * because messages can be lost, and nobody reports an expiry.
 */
export function createWatcher(by: Caller): Watcher {
  const { setup } = by
  const watched = new Map<SessionId, Set<Ended>>()
  let stopTimer: (() => void) | undefined
  let stopListening: (() => void) | undefined
  let stopHearing: (() => void) | undefined
  /** Sessions that are read because the store reported a change. `true`: it reported another one meanwhile. */
  const looking = new Map<SessionId, boolean>()

  function report(id: SessionId, reason: EndReason): void {
    const all = watched.get(id) ?? []
    watched.delete(id)
    const fail = (error: unknown): void => emit(by, 'fault', { operation: 'listener of watch', error })
    for (const ended of all) attempt(() => ended(reason), fail)
  }

  async function look(id: SessionId, isSure = setup.store.readNow === undefined): Promise<void> {
    const kept = await orDamaged(id, () => (isSure ? readNow(by, id) : ask(by, 'read', id)))
    // A later version may still open it.
    if (kept?.kind === 'damaged') return
    if (kept?.kind === 'ended') report(id, kept.reason)
    else if (isLive(kept, setup.clock(), setup.limits)) return
    // A cached record may be older than the last request on another server.
    else if (!isSure) return look(id, true)
    else report(id, 'expired')
  }

  /** With many changes at once, the next rounds read what is left. */
  function hear(ids: readonly SessionId[]): void {
    for (const id of ids) {
      if (looking.has(id)) looking.set(id, true)
      else if (watched.has(id) && looking.size < BATCH) void lookNow(id)
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
    } while (looking.get(id) === true && watched.has(id))
    looking.delete(id)
  }

  async function round(): Promise<void> {
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
        if (++failures === MAX_FAILURES) return
      }
    }
  }

  async function rounds(): Promise<boolean> {
    await round()
    if (watched.size === 0) stopTimer = undefined
    return watched.size > 0
  }

  return {
    watch(id, ended) {
      checkArgument(id, 'string', 'id')
      checkArgument(ended, 'function', 'ended')
      if (setup.closed) throw new SessionError('ERR_CLOSED')
      // The caller may pass one function twice and stop each on its own.
      const own: Ended = (reason) => ended(reason)
      const all = watched.get(id) ?? new Set()
      watched.set(id, all.add(own))
      stopHearing ??= setup.store.watch?.(hear)
      setup.eras.began = hearAll
      stopListening ??= setup.events.on('ended', (event) => report(event.id, event.reason))
      stopTimer ??= repeat(EVERY_MS, rounds)
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
