import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import type { Bus } from '../../stores/around/near-cache/bus.ts'
import type { Ends } from './ledger.ts'
import { fromNotice } from './marks.ts'
import type { EndsMemory } from './memory.ts'

export interface FollowerOptions {
  readonly memory: EndsMemory
  /** Reads the ends since this time (of the issuer's clock) into the memory. Resolves with the time of the list. */
  readonly readList: ((since: number) => Promise<number>) | null
  readonly bus: Bus | null
  /** The longest time until an end is known here. */
  readonly intervalMs: number
  readonly whenDown: 'deny' | 'allow'
  readonly clock: () => number
  /** Milliseconds that never run backwards. */
  readonly uptime: () => number
}

export interface Follower extends Ends {
  close(): MaybePromise<void>
}

/** After a failure, nothing is asked for this time. */
const AGAIN_MS = 250
/** Clocks of an issuer and a verifier may differ by this. */
const SKEW_MS = 5000

/**
 * Follows the ends that an issuer notes. The bus brings them at once; a probe proves that it does. What was missed before it was up, or
 * during a break, is in the list. Without a bus, the list is read again. There is no timer: verifying asks, twice in each interval, and
 * waits only if the last answer is too old.
 */
export function createFollower(options: FollowerOptions): Follower {
  const { memory, readList, bus, intervalMs, whenDown, clock, uptime } = options
  let stop: (() => MaybePromise<void>) | null = null
  /** Since when everything was heard. `null`: the bus is not proved. */
  let heard: { readonly wall: number; readonly uptime: number } | null = null
  let breaks = 0

  const proof = repeated(async () => {
    const before = breaks
    const began = { wall: clock(), uptime: uptime() }
    await bus?.probe()
    if (before === breaks) heard ??= began
  })
  let listAt = 0
  const list = repeated(async () => {
    listAt = (await readList?.(listAt)) ?? 0
  })

  function repeated(work: () => Promise<void>) {
    let running: Promise<void> | null = null
    let doneAt = Number.NEGATIVE_INFINITY
    let failed: { readonly error: unknown; readonly at: number } | null = null
    const run = (): Promise<void> => {
      if (running !== null) return running
      if (failed !== null && uptime() - failed.at < AGAIN_MS) return Promise.reject(failed.error)
      const began = uptime()
      running = work()
        .then(
          () => {
            // It is as old as the question.
            doneAt = began
            failed = null
          },
          (error: unknown) => {
            failed = { error, at: uptime() }
            throw error
          },
        )
        .finally(() => {
          running = null
        })
      return running
    }
    return {
      run,
      get doneAt() {
        return doneAt
      },
      /** Whether it was done in this interval. Does it again before the interval is over. */
      isFresh(): boolean {
        const ageMs = uptime() - doneAt
        if (ageMs >= intervalMs / 2) run().catch(() => undefined)
        return ageMs < intervalMs
      },
    }
  }

  function listen(): void {
    stop ??=
      bus?.subscribe({
        changed(ids) {
          for (const id of ids) {
            const [mark, cut] = fromNotice(id) ?? []
            if (mark !== undefined && cut !== undefined) memory.add(mark, { cut, at: clock() })
          }
        },
        lost() {
          breaks++
          heard = null
        },
      }) ?? null
  }

  const isUp = (): boolean => bus !== null && proof.isFresh() && heard !== null
  /** Whether the list has what the bus did not bring. */
  const isFilled = (): boolean => heard !== null && list.doneAt >= heard.uptime

  function afterBus(issuedAt: number): boolean {
    return whenDown === 'allow' || (heard !== null && issuedAt >= heard.wall + SKEW_MS)
  }

  async function find(issuedAt: number): Promise<boolean> {
    try {
      if (bus !== null)
        await proof.run().catch((error: unknown) => (readList === null ? Promise.reject(error) : undefined))
      if (readList === null) return afterBus(issuedAt)
      await list.run()
      return true
    } catch (cause) {
      if (whenDown === 'allow') return true
      throw new SessionError('ERR_CARRIER', 'Which access tokens were revoked cannot be read now.', cause)
    }
  }

  return {
    memory,
    known(issuedAt) {
      listen()
      if (isUp()) {
        if (readList === null) return afterBus(issuedAt)
        if (isFilled()) return true
      } else if (readList !== null && list.isFresh()) return true
      return find(issuedAt)
    },
    close() {
      const leave = stop
      stop = null
      return leave?.()
    },
  }
}
