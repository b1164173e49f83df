import { SessionError } from '../contracts/errors.ts'
import type { SessionRecord } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { isEmpty, type Texts } from '../data/texts.ts'
import { chain } from '../lib/maybe.ts'
import { equalText, hashSecret, isLive, isStanding, judge, type TokenParts } from '../token/token.ts'
import { readNow } from './caller.ts'
import type { Found, Held } from './held.ts'
import { NOTES, stillGood } from './notes.ts'
import { find, refuse, takeUp } from './open.ts'
import type { Setup } from './setup.ts'
import { inTurn, pendingOf, reload, type State } from './state.ts'

/** A request that takes no longer than this may rely on what it read when it began. */
const FRESH_MS = 1000

function isFresh({ setup, openedAt }: State): boolean {
  return setup.clock() - openedAt < FRESH_MS
}

/**
 * A request can stay open long after its session was judged, for example during a slow upload or on a socket. Before it changes
 * the user's other sessions, it reads the store again: a thief who was logged out must not log out the user.
 */
export async function assertStillOpen(state: State, held: Held): Promise<void> {
  const { setup } = state
  const kept = await readNow(state, held.record.id)
  if (isLive(kept, setup.clock(), setup.limits) && (isFresh(state) || isGood(setup, held, kept))) return
  throw new SessionError('ERR_SESSION_ENDED', "The user's other sessions are unchanged.")
}

/**
 * Before a login that continues a session of the same user: checks whether a rotation or a new proof has replaced this request's
 * token. A thief may have held the request open, and the login would end the user's session instead of the thief's.
 */
export async function assertNotReplaced(state: State, held: Held): Promise<void> {
  if (isFresh(state)) return
  const kept = await readNow(state, held.record.id)
  if (kept?.kind !== 'live' || isGood(state.setup, held, kept)) return
  throw new SessionError('ERR_SESSION_ENDED', 'Its token was replaced meanwhile: ask for proof again.')
}

function isGood(setup: Setup, { parts, standing, voucher }: Held, record: SessionRecord): boolean {
  if (standing === 'vouched') return voucher?.isGood?.(record) !== false
  const verdict = judge(record, hashSecret(parts.secret), setup.clock(), setup.limits)
  return isStanding(verdict) || (verdict === 'reused' && isRenewed(record, parts))
}

/**
 * Whether the token was only renewed since, which does not reduce its rights. Old secrets are kept for a while after their grace.
 */
function isRenewed({ head }: SessionRecord, { secret }: TokenParts): boolean {
  const hash = hashSecret(secret)
  return head.previous?.some((old) => old.how === 'renewed' && equalText(old.hash, hash)) ?? false
}

/** For adapters to call between the body and the handler. */
export function recheckIfOld(state: State): MaybePromise<void> {
  return state.held === null || isFresh(state) ? undefined : recheck(state)
}

/**
 * Reads and judges the session again. A client decides how long a body takes, and the session may have ended or expired
 * meanwhile. The request then continues without it, and `refused` has the reason.
 */
export function recheck(state: State): MaybePromise<void> {
  return inTurn(state, () => recheckNow(state))
}

export function recheckNow(state: State): MaybePromise<void> {
  const { setup, held } = state
  if (held === null) return
  const judged = held.voucher?.again() ?? find(state, held.parts, setup.clock())
  return chain(judged, (found) => {
    // A verb that the handler did not await may have given the request another session, or another token.
    if (state.held?.parts === held.parts) return again(state, state.held, found)
  })
}

/** The handler's edits stay, and so does the data that they were made from. A flash value that was taken is no edit. */
function hasEdits(state: State): boolean {
  const { [NOTES]: _, ...edits } = pendingOf(state, false).all
  return !isEmpty(edits)
}

function readAgain(state: State, held: Held): MaybePromise<void> {
  state.held = held
  const { texts: known } = state
  if (!hasEdits(state)) return chain(held.vault.fromStored(held.record.data), (texts) => show(state, known, texts))
}

/** A note that a parallel request changed meanwhile stays as that request left it. */
function show(state: State, known: Texts, texts: Texts): void {
  const { notes, held, flash } = state
  reload(state, texts)
  // What was taken stays taken, but for a value that another request has set since.
  const taken = [...(flash?.taken ?? [])].filter((name) => known[name] === texts[name])
  if (taken.length > 0) state.flash = { set: new Map(), taken: new Set(taken) }
  if (notes !== null && held !== null) state.notes = stillGood(notes, known, held, texts)
}

function again(state: State, held: Held, found: Found): MaybePromise<void> {
  if (found.kind === 'live') {
    // The client has not presented the token that this request is about to send.
    if (state.answer !== 'keep') return readAgain(state, { ...held, record: found.record })
    const { texts: known } = state
    if (held.voucher?.isUnread !== true && hasEdits(state)) return
    return chain(takeUp(found, state), () => show(state, known, state.texts))
  }
  if (found.refusal === 'reused' && found.record !== undefined && isRenewed(found.record, held.parts)) {
    return readAgain(state, { ...held, record: found.record, standing: 'outdated' })
  }
  // The token was valid when the request began, so it is no evidence of a copy. The client may have a newer token by now, and no
  // answer of this request may replace it.
  const refusal = found.refusal === 'reused' ? 'superseded' : found.refusal
  refuse(state, { ...found, refusal, isOvertaken: true })
}
