import { SessionError } from '../contracts/errors.ts'
import type { EndReason, Head, SessionId, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { NO_EDITS } from '../data/texts.ts'
import { chain } from '../lib/maybe.ts'
import { sleep } from '../lib/runtime.ts'
import { nextTry } from '../lib/turns.ts'
import { equalText, hashSecret, isLive } from '../token/token.ts'
import { ask, readNow } from './caller.ts'
import type { Found, Held, Voucher } from './held.ts'
import { hold } from './open.ts'
import { recheck } from './recheck.ts'
import { RequestSession } from './request-session.ts'
import { writeRecord } from './save.ts'
import type { State } from './state.ts'
import { planUpkeep } from './upkeep.ts'
import type { Watch } from './watcher.ts'

// For connections that outlive their request. Nothing in core calls this, so an application without them does not bundle it.

/** Why a connection lost its session. `superseded`: a rotation replaced the token with which the connection was opened. */
export type Untied = EndReason | 'superseded'

/** What ties a connection to its session, by id: a token would be replaced while the connection is open. */
export interface Tie {
  readonly id: SessionId
  readonly userId: string | null
  /** Reads the session. Resolves with the reason if the connection must not have it, else with `null`. */
  check(): MaybePromise<Untied | null>
  /** Calls `untied` once, when the session has ended or its token was rotated. Returns a function that stops watching. */
  watch(untied: (reason: Untied) => void): () => void
  /** The session is in use: writes when it was last seen, if that is due. */
  touch(): Promise<void>
}

/** Resolves once the headers of the session's request are sent, or `isOver`. Nothing reports it, and it takes only moments. */
export async function untilSent(session: object, isOver: () => boolean): Promise<void> {
  while (RequestSession.stateOf(session)?.committed === false && !isOver()) await sleep(POLL_MS)
}

const POLL_MS = 5

/**
 * Ties the session of a request whose headers are sent. From now on its handler reads and writes it by its id, and `reload` finds it
 * also after a renewal. `watch`: that of the sessions. `null`: nothing is stored.
 *
 * @throws `ERR_OPTION` if this is no session of a request, `ERR_UNSUPPORTED` if the client holds the record.
 */
export async function tie(session: object, watch: Watch): Promise<Tie | null> {
  const state = RequestSession.stateOf(session)
  if (state === null) throw new SessionError('ERR_OPTION', 'A live connection needs the session of a request.')
  if (state.records !== undefined) {
    throw new SessionError('ERR_UNSUPPORTED', 'A live connection needs sessions that are kept in a store.')
  }
  // A carrier vouched for it without a read.
  if (state.held?.voucher?.isUnread === true) await recheck(state)
  return state.held === null ? null : tieHeld(state, state.held, watch)
}

function tieHeld(state: State, first: Held, watch: Watch): Tie {
  const { setup } = state
  const { id, userId } = first.record
  let hash = first.standing === 'vouched' ? first.record.head.secret : hashSecret(first.parts.secret)

  /** A renewal hands the same rights on. A rotation does not: it may have shut out whoever opened this connection. */
  function isGood({ head }: SessionRecord): boolean {
    const next = follow(head, hash)
    hash = next ?? hash
    return next !== null
  }

  function judge(kept: SessionRecord | Tombstone | null): Untied | null {
    if (kept?.kind === 'ended') return kept.reason
    if (!isLive(kept, setup.clock(), setup.limits)) return 'expired'
    return isGood(kept) ? null : 'superseded'
  }

  const again = (): MaybePromise<Found> => chain(readNow(state, id), toFound)
  const voucher: Voucher = { again, assertRead: () => {}, isUnread: false, ...first.voucher, isGood }

  function toFound(kept: SessionRecord | Tombstone | null): Found {
    const untied = judge(kept)
    if (kept?.kind === 'live' && untied === null) {
      const held: Held = { ...(state.held ?? first), record: kept }
      const take = (): MaybePromise<void> =>
        chain(held.vault.fromStored(kept.data), (texts) => hold(state, held, texts))
      return { kind: 'live', standing: 'vouched', record: kept, parts: held.parts, take }
    }
    const refusal: Refusal = REFUSALS.find((refusal) => refusal === untied) ?? 'ended'
    return { kind: 'dead', refusal, id, ...(kept?.kind === 'live' && { record: kept }) }
  }

  state.held = { ...first, standing: 'vouched', voucher }
  return {
    id,
    userId,
    check: () =>
      chain(ask(state, 'read', id), (kept) => {
        const untied = judge(kept)
        // A cached record may be older than the last request on another server.
        return untied === null || state.store.readNow === undefined ? untied : chain(readNow(state, id), judge)
      }),
    watch: (untied) =>
      watch(id, untied, (record) => {
        if (!isGood(record)) untied('superseded')
      }),
    async touch() {
      for (let tries = 0; ; tries = nextTry(tries)) {
        const { held } = state
        if (held === null) return
        // As a request that begins now would see it.
        const begun: State = Object.create(state, { openedAt: { value: setup.clock() } })
        const { change } = await planUpkeep(begun, held)
        if (change === null) return
        const { status } = await writeRecord(state, held, NO_EDITS, change)
        if (status !== 'conflict') return
      }
    },
  }
}

const REFUSALS = ['expired', 'superseded'] as const

/** Returns the hash of the token that the client has by now if it had this one; `null` if a rotation replaced it. */
function follow({ secret, renewal, previous = [] }: Head, hash: string): string | null {
  if (equalText(hash, secret) || (renewal !== undefined && equalText(hash, renewal.next))) return hash
  // The entries of a rotation are `rotated`, those of earlier renewals included.
  return previous.some((old) => old.how === 'renewed' && equalText(old.hash, hash)) ? secret : null
}
