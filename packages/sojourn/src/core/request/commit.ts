import type { HeaderChange } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionId, SessionRecord } from '../contracts/record.ts'
import type { Change, MaybePromise, Written } from '../contracts/store.ts'
import { expiryOf, isRemembered } from '../contracts/timeouts.ts'
import { assertFits } from '../data/data.ts'
import { applyEdits, type Edits, isEmpty, withEdits } from '../data/texts.ts'
import { toStored, type Vault } from '../data/vault.ts'
import { chain, isPromise, rescue } from '../lib/maybe.ts'
import { nextTry } from '../lib/turns.ts'
import { NO_HEADERS } from './caching.ts'
import { createRecord } from './create-record.ts'
import { discard } from './end-session.ts'
import { NOTES, type Notes, noteEdits, stillGood } from './notes.ts'
import { ask, type Caller, emit, readNow, type Setup } from './setup.ts'
import { leavingHeaders } from './sight.ts'
import {
  accept,
  assertUncommitted,
  canSend,
  type Held,
  inTurn,
  type Pending,
  pendingOf,
  presents,
  type State,
  withRecord,
} from './state.ts'
import { isNewest, isUpkeepDue, planUpkeep, type Upkeep } from './upkeep.ts'

/**
 * Runs before the response begins: stores the changes, in one write or none, and returns the headers to send. Synchronous if the
 * request changed nothing. A commit takes a turn as the verbs do, because a verb that the handler did not await may have ended
 * the old session already, and the client needs the new token. A verb that is called later finds the response begun.
 */
export function commit(state: State, status = 200): MaybePromise<readonly HeaderChange[]> {
  state.failed = status >= 500
  return inTurn(state, commitNow)
}

function commitNow(state: State): MaybePromise<readonly HeaderChange[]> {
  state.editedSince = false
  const pending = pendingOf(state)
  if (isEmpty(pending.all) && !isUpkeepDue(state)) return toCommitted(state)
  const stored = storePending(state, pending)
  if (isPromise(stored)) return stored.then(() => toCommitted(state))
  // A listener of `created` may have edited the data. If the store answers late, `finish` stores that.
  return state.editedSince ? chain(storePending(state), () => toCommitted(state)) : toCommitted(state)
}

function toCommitted(state: State): readonly HeaderChange[] {
  state.committed = true
  return toHeaders(state)
}

/**
 * For a response that replaces the handler's: returns the headers for changes that are already stored, which the client must
 * receive.
 */
export function salvage(state: State): readonly HeaderChange[] {
  state.committed = true
  // If the store fails, no cookie is changed. A dead token of the client can be cleared by another request.
  const isDone = state.answer === 'write' || (state.answer === 'clear' && state.refused === null)
  try {
    return isDone ? toHeaders(state) : NO_HEADERS
  } catch (error) {
    // The carrier failed, perhaps in `commit` before. The response that replaces the handler's must still be sent.
    emit(state, 'fault', { operation: `carrier ${state.carrier.name}`, error })
    return NO_HEADERS
  }
}

/**
 * Runs after the response: stores what a stream edited after its headers were sent. A session cannot begin here, because no token
 * can be sent.
 */
export function finish(state: State, isWhole = false): MaybePromise<void> {
  const pending = isWhole ? null : pendingOf(state)
  state.finished = true
  if (pending === null || isEmpty(pending.all)) return
  if (state.held !== null) return storePending(state, pending)
  const error = new SessionError('ERR_HEADERS_SENT', 'Data written to a new session after that is lost.')
  emit(state, 'fault', { operation: 'finish', error })
  state.setup.warnOnce(error.message)
}

/**
 * For a handler that cannot wait for `commit`: a long request, an open socket. Flash values that were read stay until the
 * response is known, because it may be an error page.
 */
export function saveNow(state: State): MaybePromise<void> {
  return inTurn(state, () => {
    const pending = pendingOf(state, state.committed)
    if (isEmpty(pending.all)) return
    if (state.held === null && state.overtaken) lost()
    return storePending(state, pending, lost)
  })
}

function lost(): never {
  throw new SessionError('ERR_SESSION_ENDED', 'The edits were not stored.')
}

/** Stores pending edits, and begins a session if none is stored yet. Takes no turn: the caller has it. */
export function storePending(
  state: State,
  pending: Pending = pendingOf(state),
  lose: typeof drop = drop,
): MaybePromise<void> {
  const { setup, texts, draft, held } = state
  const { data, all } = pending
  if (setup.schema !== null && !isEmpty(data)) assertFits(setup, applyEdits(texts, all), data, draft?.hidden)
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
  emit(state, 'created', { id: created.record.id })
}

/** An error page replaced the response, so the token cannot be sent any more. */
async function undo(state: State, { record }: Held): Promise<void> {
  await discard(state, record)
  assertUncommitted(state, 'update')
}

/** Stores renewal and last-seen time together with the data, or alone. If they fail, the data must still be stored. */
function save(state: State, held: Held, pending: Pending, lose: typeof drop, tries = 0): MaybePromise<void> {
  return chain(planUpkeep(state, held), (upkeep) => {
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
  if (upkeep.change === null && state.notes === null) return writeRecord(state, held, all)
  const change = { ...upkeep.change, ...expectedNotes(state, pending) }
  // A guard that distrusts the session relies on this write.
  if (!isEmpty(all) || state.distrusts) return writeRecord(state, held, all, change)
  return rescue<Written | null>(
    () => writeRecord(state, held, all, change),
    () => null,
  )
}

/** A guard decided by the note that it read, so the write demands that it is still there. */
function expectedNotes({ notes }: State, { all }: Pending): Pick<Change, 'expect'> {
  return notes === null || !Object.hasOwn(all, NOTES) ? {} : { expect: notes.expect }
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
    emit(state, 'renewed', { id, userId })
  })
}

/** The session ended or expired while this request ran. Its edits are lost, and the client's token stays unchanged. */
function drop(state: State, record: SessionRecord, pending: Pending): void {
  accept(state, pending)
  state.answer = 'keep'
  if (isEmpty(pending.all)) return
  emit(state, 'refused', { id: record.id, reason: lateReason(state, record) })
}

/** Why a session that opened can no longer be written. */
export function lateReason({ setup }: State, record: SessionRecord): 'ended' | 'expired' {
  return setup.clock() < expiryOf(record, setup.limits) ? 'ended' : 'expired'
}

const GONE: Written = { status: 'gone', tombstone: null }
const NO_CHANGE: Change = {}

/**
 * Makes one write of the request's own record. The result is in the return value and in the state. A session that expired while
 * the request ran is gone: other requests have seen that, and nothing may extend it.
 */
export function writeRecord(state: State, held: Held, edits: Edits, meta: Change = NO_CHANGE): MaybePromise<Written> {
  const { record, vault } = held
  // The client gets the changed record with the headers.
  if (state.records !== undefined) assertUncommitted(state, 'save')
  return chain(isLive(state, record), (live) => {
    if (!live) return GONE
    return chain(isEmpty(edits) ? meta : toChange(vault, edits, meta), (change) =>
      chain(ask(state, 'write', record.id, change), (written) => learn(state, record, change, written)),
    )
  })
}

function toChange(vault: Vault, edits: Edits, meta: Change): MaybePromise<Change> {
  const stored = toStored(vault, edits)
  return meta === NO_CHANGE ? stored : chain(stored, (all) => ({ ...meta, ...all }))
}

/**
 * Whether it has not expired yet. Parallel requests may have moved its limits, so the store is read before it counts as expired.
 */
function isLive(by: Caller, record: SessionRecord): MaybePromise<boolean> {
  const { setup } = by
  const now = setup.clock()
  return now < expiryOf(record, setup.limits) || isLiveNow(by, record.id, now)
}

function isLiveNow(by: Caller, id: SessionId, now: number): MaybePromise<boolean> {
  return chain(readNow(by, id), (kept) => kept?.kind === 'live' && now < expiryOf(kept, by.setup.limits))
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

/** Returns the record as this process now knows it. Another process may have added to it. */
export function withChange(record: SessionRecord, change: Change): SessionRecord {
  const { head, seen, nextVersion } = change
  const data = withEdits(record.data, change)
  if (head === undefined && seen === undefined) return { ...record, data }
  return {
    ...record,
    ...(head !== undefined && nextVersion !== undefined && { head, version: nextVersion }),
    ...(seen !== undefined && { lastSeenAt: seen.at, expiresAt: seen.expiresAt }),
    data,
  }
}

/** Returns the headers that a response must carry for the session. */
function toHeaders(state: State): readonly HeaderChange[] {
  const { setup, view, carrier, held } = state
  // The client has received a newer token since this one was made.
  const answer = state.answer === 'write' && held?.standing === 'outdated' ? 'keep' : state.answer
  const extraHeaders =
    setup.guards.leaving.length === 0 ? state.extraHeaders : [...state.extraHeaders, ...leavingHeaders(state)]
  if (answer === 'keep' && extraHeaders.length === 0) return caching(state)
  if (!canSend(state)) return NO_HEADERS
  // A valid token may be among the duplicates. They are cleared if it is set again, or together with all others.
  const cleared = state.duplicates && answer !== 'keep' ? (carrier.clearDuplicates?.(view) ?? NO_HEADERS) : NO_HEADERS
  const token = answer === 'write' ? writeToken(state) : answer === 'clear' ? carrier.clear(view) : NO_HEADERS
  const setsToken = token.length > 0 || cleared.length > 0
  // After those of guards, which may replace cookies.
  return extraHeaders.concat(cleared, toCleared(state), token, setsToken ? setup.caching.token : caching(state))
}

/**
 * After a logout, the client also forgets what it presents on other carriers, and after a login on those that never send a token.
 * Otherwise an old cookie, which was not looked at because ours counted, opens its session once ours is gone.
 */
function toCleared({ setup, view, carrier, did }: State): readonly HeaderChange[] {
  if (did !== 'login' && did !== 'logout') return NO_HEADERS
  return setup.carriers.flatMap((one) =>
    (one.readOnly || did === 'logout') && one !== carrier && presents(one.read(view)) ? one.clear(view) : NO_HEADERS,
  )
}

/** A remembered session outlives the browser. The token is kept no longer than the server accepts it. */
function writeToken({ setup, view, carrier, held }: State): readonly HeaderChange[] {
  if (held === null) return NO_HEADERS
  const { record, parts } = held
  const maxAgeSeconds = isRemembered(record.head, setup.limits) ? remainingSeconds(setup, record) : null
  const token = setup.tokens.toToken(parts)
  if (carrier.readOnly !== true) return carrier.write(view, token, { maxAgeSeconds })
  return [...carrier.clear(view), ...setup.lastCarrier.write(view, token, { maxAgeSeconds })]
}

function remainingSeconds({ clock, limits }: Setup, record: SessionRecord): number {
  const endsAt = expiryOf({ ...record, lastSeenAt: Number.POSITIVE_INFINITY }, limits)
  return Math.max(1, Math.floor((endsAt - clock()) / 1000))
}

/**
 * No shared cache may keep a response that depends on a session (ASVS 5.0 14.3.2). No cache may keep what a logged-in user saw,
 * so that *back* after logout shows nothing. If an application reads the session and still marks its response `public`, the
 * response is the same for everybody, so its own `Cache-Control` stays.
 */
function caching({ setup, accessed, held }: State): readonly HeaderChange[] {
  if (!accessed) return NO_HEADERS
  return held !== null && held.record.userId !== null ? setup.caching.noStore : setup.caching.onlyPrivate
}
