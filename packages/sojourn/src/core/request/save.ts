import { SessionError } from '../contracts/errors.ts'
import type { SessionEvents } from '../contracts/events.ts'
import type { SessionRecord } from '../contracts/record.ts'
import type { Change, MaybePromise, Written } from '../contracts/store.ts'
import { withChange } from '../data/change.ts'
import { assertFits } from '../data/schema.ts'
import { applyEdits, type Edits, isEmpty } from '../data/texts.ts'
import { toStored } from '../data/vault.ts'
import { chain, isPromise, rescue } from '../lib/maybe.ts'
import { nextTry } from '../lib/turns.ts'
import { isLive } from '../token/token.ts'
import { ask, type Caller, emit, isOver, readNow, sureOfEra } from './caller.ts'
import { createRecord } from './create-record.ts'
import { discard } from './end-session.ts'
import { splitTaken, takenIn } from './flash.ts'
import { type Held, withRecord } from './held.ts'
import { NOTES, type Notes, noteEdits, stillGood, storedUnder } from './notes.ts'
import { accept, assertUncommitted, isUpkeepDue, type Pending, pendingOf, type State } from './state.ts'
import { isNewest, planUpkeep, type Upkeep } from './upkeep.ts'

/** Stores pending edits, and begins a session if none is stored yet. Takes no turn: the caller has it. */
export function storePending(
  state: State,
  pending: Pending = pendingOf(state),
  lose: typeof drop = drop,
): MaybePromise<void> {
  const { setup, texts, draft, held } = state
  const { data, all } = pending
  if (setup.schema !== null && !isEmpty(data)) assertFits(setup.schema, applyEdits(texts, all), data, draft?.hidden)
  if (held !== null) return save(state, held, pending, lose)
  const fresh = applyEdits({}, all)
  // The token of another session would replace the one that the client has just received.
  if (isEmpty(fresh) || state.overtaken) return accept(state, pending)
  assertUncommitted(state, 'update')
  return chain(createRecord(state, { userId: null, texts: fresh, head: {} }), (created) =>
    state.committed ? undo(state, created) : begin(state, created, pending),
  )
}

function begin(state: State, created: Held, pending: Pending): void {
  state.held = created
  state.answer = 'write'
  accept(state, pending)
  tell(state, 'created', { id: created.record.id })
}

/** An error page replaced the response, so the token cannot be sent any more. */
async function undo(state: State, { record }: Held): Promise<void> {
  await discard(state, record)
  assertUncommitted(state, 'update')
}

const NO_UPKEEP: Upkeep = { change: null, next: null }

function save(state: State, held: Held, pending: Pending, lose: typeof drop, tries = 0): MaybePromise<void> {
  if (state.flash === null) return saveOnce(state, held, pending, lose, tries)
  return chain(splitTaken(state, held, pending), ([now, later]) =>
    // If the session has ended meanwhile, there is no flash.
    chain(saveOnce(state, held, now, lose, tries), () =>
      isEmpty(later.all) || state.flash === null ? undefined : save(state, state.held ?? held, later, lose),
    ),
  )
}

/** Stores renewal and last-seen time together with the data, or alone. If they fail, the data must still be stored. */
function saveOnce(state: State, held: Held, pending: Pending, lose: typeof drop, tries: number): MaybePromise<void> {
  return chain(isUpkeepDue(state) ? planUpkeep(state, held) : NO_UPKEEP, (upkeep) => {
    if (isEmpty(pending.all) && upkeep.change === null) return follow(state, held, upkeep)
    return chain(write(state, held, pending, upkeep), (written) => {
      if (written === null) return
      if (written.status === 'gone') return lose(state, held.record, pending)
      if (written.status === 'conflict') return saveAgain(state, held, written.record, pending, lose, tries)
      accept(state, pending)
      return follow(state, held, upkeep)
    })
  })
}

/** Another request renewed or rotated meanwhile: continues from its record. */
async function saveAgain(
  state: State,
  before: Held,
  record: SessionRecord,
  pending: Pending,
  lose: typeof drop,
  tries: number,
): Promise<void> {
  const held = withRecord(before, record, state.openedAt, state.setup.limits)
  const good = state.notes === null ? pending : await keepGoodNotes(state, state.notes, held, pending)
  return save(state, held, good, lose, nextTry(tries))
}

/**
 * Returns `null` if the write failed and the request can succeed without it. Without a last-seen time the session ends sooner,
 * which is the safe direction. A renewal leaves the client's token valid, whether it was stored or not: the next request tries
 * again, or sends the same successor.
 */
function write(state: State, held: Held, pending: Pending, upkeep: Upkeep): MaybePromise<Written | null> {
  const { all } = pending
  const change = { ...upkeep.change, ...expected(state, held, pending) }
  const work = (): MaybePromise<Written> => writeRecord(state, held, all, change)
  // A guard that distrusts the session relies on this write.
  return isEmpty(all) && !state.distrusts ? rescue<Written | null>(work, () => null) : work()
}

/**
 * A guard decided by the note that it read, so the write demands that it is still there. A flash value that was taken is removed
 * only if it is still the one that the handler saw.
 */
function expected({ notes, flash }: State, held: Held, { all }: Pending): Pick<Change, 'expect'> {
  if (notes !== null && NOTES in all) return { expect: notes.expect }
  if (flash === null) return {}
  const [name] = takenIn(flash, all)
  return name === undefined ? {} : { expect: storedUnder(held, name) }
}

/** After a conflict: what is pending, without the notes that a parallel request changed. */
async function keepGoodNotes(state: State, notes: Notes, held: Held, { data, all }: Pending): Promise<Pending> {
  const { [NOTES]: text = null } = await held.vault.fromStored(held.record.data)
  const known = state.texts
  state.texts = applyEdits(known, { [NOTES]: text })
  state.notes = stillGood(notes, known, held, state.texts)
  if (state.notes?.byGuard.size !== notes.byGuard.size) state.lostNotes = true
  const { [NOTES]: _, ...others } = all
  return { data, all: state.notes === null ? others : { ...others, ...noteEdits(state.texts, state.notes.byGuard) } }
}

/**
 * Reports the result of the renewal to the client and to listeners. If the write of the head was not confirmed, reads the record
 * again.
 */
function follow(state: State, { record }: Held, { change, next }: Upkeep): MaybePromise<void> {
  const isGood = next !== null && (change?.head !== undefined || isNewest(state, next))
  return chain(isGood, (good) => {
    // A verb that the handler did not await may have given the request another session, and this token is not for that one.
    if (state.held?.record.id !== record.id) return
    if (good && next !== null) {
      const standing = next === state.held.parts ? state.held.standing : 'issued'
      state.held = { ...state.held, parts: next, standing }
      state.answer = 'write'
    } else if (state.held.standing === 'issued') {
      state.held = { ...state.held, standing: 'outdated' }
    }
    if (state.held.standing !== 'successor' || change === null) return
    state.held = { ...state.held, standing: 'current' }
    const { id, userId } = state.held.record
    tell(state, 'renewed', { id, userId })
  })
}

/** A listener may have edited the data, perhaps deep within a value, where no trap sees it. */
function tell<Name extends 'created' | 'renewed'>(state: State, name: Name, detail: SessionEvents[Name]): void {
  emit(state, name, detail)
  state.editedSince ||= state.setup.events.isHeard
}

/** The session ended or expired while this request ran. Its edits are lost, and the client's token stays unchanged. */
function drop(state: State, record: SessionRecord, pending: Pending): void {
  accept(state, pending)
  state.flash = null
  state.answer = 'keep'
  if (isEmpty(pending.all)) return
  emit(state, 'refused', { id: record.id, reason: lateReason(state, record) })
}

/** Does the same for a handler that waits for its edits to be stored: it gets an error. */
export function lost(): never {
  throw new SessionError('ERR_SESSION_ENDED', 'The edits were not stored.')
}

/** Why a session that opened can no longer be written. */
export function lateReason({ setup }: State, record: SessionRecord): 'ended' | 'expired' {
  return isLive(record, setup.clock(), setup.limits) ? 'ended' : 'expired'
}

const GONE: Written = { status: 'gone', tombstone: null }

/**
 * Makes one write of the request's own record. The result is in the return value and in the state. A session that expired while
 * the request ran is gone: other requests have seen that, and nothing may extend it.
 */
export function writeRecord(state: State, held: Held, edits: Edits, meta: Change = {}): MaybePromise<Written> {
  const { record, vault } = held
  // The client gets the changed record with the headers.
  if (state.records !== undefined) assertUncommitted(state, 'save')
  return chain(isStillLive(state, record), (live) => {
    if (!live) return GONE
    return chain(isEmpty(edits) ? null : toStored(vault, edits), (stored) => {
      const change = { ...meta, ...stored }
      return chain(ask(state, 'write', record.id, change), (written) => learn(state, record, change, written))
    })
  })
}

function isStillLive(by: Caller, record: SessionRecord): MaybePromise<boolean> {
  const now = by.setup.clock()
  const sure = sureOfEra(by, now)
  return isPromise(sure) ? sure.then(() => isLiveHere(by, record, by.setup.clock())) : isLiveHere(by, record, now)
}

/** Parallel requests may have moved its limits, so the store is read before it counts as expired. */
function isLiveHere(by: Caller, record: SessionRecord, now: number): MaybePromise<boolean> {
  const { limits } = by.setup
  const { id } = record
  if (isLive(record, now, limits) && !isOver(by.setup, record)) return true
  return chain(readNow(by, id), (kept) => isLive(kept, now, limits))
}

function learn(state: State, { id }: SessionRecord, change: Change, written: Written): Written {
  const { held, openedAt, setup } = state
  // A handler that did not await a verb may have logged in or out meanwhile, and this is no longer its record.
  if (held?.record.id !== id) return written
  if (written.status === 'written') {
    state.held = { ...held, record: withChange(held.record, change) }
    if (state.records !== undefined) state.answer = 'write'
  }
  if (written.status === 'conflict') state.held = withRecord(held, written.record, openedAt, setup.limits)
  return written
}
