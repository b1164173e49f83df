import { checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { EndReason, SessionId } from '../contracts/record.ts'
import { expiryOf } from '../contracts/timeouts.ts'
import { release } from '../lib/timers.ts'
import { orDamaged } from './damaged.ts'
import { type Caller, emit, readNow, readRecord } from './setup.ts'

/** A round asks at most so many, those first that wait longest: watching costs the store at most 100 reads a second. */
const BATCH = 500
const EVERY_MS = 5_000
/** So many failures in a row mean that the store is down. */
const MAX_FAILURES = 5

type Ended = (reason: EndReason) => void

export interface Watcher {
  watch(id: SessionId, ended: Ended): () => void
  stop(): void
}

/** Hears of ends in this process, and asks the store about the others on one timer, as long as anything is watched. */
export function createWatcher(by: Caller): Watcher {
  const { setup } = by
  const watched = new Map<SessionId, Set<Ended>>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let deafen: (() => void) | undefined

  function tell(id: SessionId, reason: EndReason): void {
    const all = watched.get(id) ?? []
    watched.delete(id)
    const fail = (error: unknown): void => emit(by, 'fault', { operation: 'listener of watch', error })
    for (const ended of all) {
      try {
        const answer: unknown = ended(reason)
        if (answer instanceof Promise) answer.catch(fail)
      } catch (error) {
        fail(error)
      }
    }
  }

  async function look(id: SessionId, read = readRecord): Promise<void> {
    const kept = await orDamaged(id, () => read(by, id))
    // A later version may still open it.
    if (kept?.kind === 'damaged') return
    if (kept?.kind === 'ended') tell(id, kept.reason)
    else if (kept !== null && setup.clock() < expiryOf(kept, setup.limits)) return
    // A cached record may be older than the last request on another server.
    else if (setup.store.readNow !== undefined && read === readRecord) return look(id, readNow)
    else tell(id, 'expired')
  }

  async function round(): Promise<void> {
    let failures = 0
    for (const [id, all] of [...watched].slice(0, BATCH)) {
      if (watched.get(id) !== all) continue
      // To the end of the line before it is asked: one that cannot be read must not keep the others waiting.
      watched.delete(id)
      watched.set(id, all)
      try {
        await look(id)
        failures = 0
      } catch {
        // The store tells of its failure as a fault. If it is down, the next round asks again.
        if (++failures === MAX_FAILURES) return
      }
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      void round()
        .catch(() => {})
        .then(() => {
          timer = undefined
          if (watched.size > 0) schedule()
        })
    }, EVERY_MS)
    if (!release(timer)) clearTimeout(timer)
  }

  return {
    watch(id, ended) {
      checkArgument(id, 'string', 'id')
      checkArgument(ended, 'function', 'ended')
      if (setup.closed) throw new SessionError('ERR_CLOSED')
      // One function may be given twice, and each stops for itself.
      const own: Ended = (reason) => ended(reason)
      watched.set(id, (watched.get(id) ?? new Set()).add(own))
      deafen ??= setup.events.on('ended', (event) => tell(event.id, event.reason))
      if (timer === undefined) schedule()
      return () => {
        const all = watched.get(id)
        if (all?.delete(own) && all.size === 0) watched.delete(id)
      }
    },
    stop() {
      watched.clear()
      deafen?.()
      clearTimeout(timer)
    },
  }
}
