import type { HeaderChange, TokenLife } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionRecord } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { isEmpty } from '../data/texts.ts'
import { chain, isPromise } from '../lib/maybe.ts'
import { expiryOf, isRemembered } from '../token/token.ts'
import { NO_HEADERS } from './caching.ts'
import { emit } from './caller.ts'
import { lost, storePending } from './save.ts'
import type { Setup } from './setup.ts'
import { leavingHeaders } from './sight.ts'
import { canSend, inTurn, isUpkeepDue, pendingOf, presents, type State } from './state.ts'

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
  // A listener of `created` or `renewed` may have edited the data. If the store answers late, `finish` stores that.
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
  const code = canSend(state) ? 'ERR_HEADERS_SENT' : 'ERR_NO_HEADERS'
  const error = new SessionError(code, 'Data written to a new session here is lost.')
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
function writeToken({ setup, view, carrier, held, did }: State): readonly HeaderChange[] {
  if (held === null) return NO_HEADERS
  const { record, parts } = held
  const maxAgeSeconds = isRemembered(record.head, setup.limits) ? remainingSeconds(setup, record) : null
  const token = setup.tokens.toToken(parts)
  const life: TokenLife = { maxAgeSeconds, isLogin: did === 'login' }
  if (carrier.readOnly !== true) return carrier.write(view, token, life)
  return [...carrier.clear(view), ...setup.lastCarrier.write(view, token, life)]
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
