import type { Translation } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import type { MaybePromise } from '../contracts/store.ts'
import type { Texts } from '../data/texts.ts'
import { openVault, plainVault } from '../data/vault.ts'
import { chain, isPromise, rescue } from '../lib/maybe.ts'
import { changedAt } from '../token/secrets.ts'
import { hashSecret, isStanding, judge, type Standing, type TokenParts } from '../token/token.ts'
import { ask, type Caller, emit, fault, readNow } from './caller.ts'
import { endSession } from './end-session.ts'
import type { Dead, Found, Held, Live, Vouched } from './held.ts'
import { judgeReuse } from './reuse.ts'
import type { Setup } from './setup.ts'
import { draftOf, forget, presents, type State } from './state.ts'

/** Reads what the client presents into the state: a session that is accepted, or the reason why not. */
export function open(state: State): MaybePromise<void> {
  const { candidates } = state
  const { values, overflow } = candidates
  if (overflow) return refuse(state, AMBIGUOUS)
  const [only] = values
  if (only === undefined) return
  if (values.length > 1) return openSeveral(state, values)
  return chain(lookUp(state, only), takeUp, state)
}

async function openSeveral(state: State, values: readonly string[]): Promise<void> {
  state.duplicates = true
  await takeUpAll(state, await Promise.all(values.map((value) => lookUpRead(state, value))))
}

/** Verbs end the sessions of all texts, so one that vouches for a session must name its user. */
async function lookUpRead(state: State, text: string): Promise<Found> {
  const found = await lookUp(state, text)
  return found.kind === 'live' && found.standing === 'vouched' && found.read !== undefined ? found.read() : found
}

const AMBIGUOUS: Dead = { kind: 'dead', refusal: 'ambiguous', id: null }

/** How `adopt` and `vouch` find a session. They are not part of core, because few applications use them. */
export interface Finder extends Translation {
  find(state: State, text: string): MaybePromise<Found>
}

/** Looks up one presented text, with at most one read of the store. */
function lookUp(state: State, text: string): MaybePromise<Found> {
  return state.carrier.translate === undefined ? lookUpToken(state, text) : lookUpOther(state, text)
}

function lookUpOther(state: State, text: string): MaybePromise<Found> {
  return chain(translate(state, text), (translation) => {
    if (translation === null) return lookUpToken(state, text)
    if (typeof translation === 'string') return { kind: 'dead', refusal: translation, id: null }
    return (translation as Finder).find(state, text)
  })
}

/** A carrier that cannot judge does not make its users anonymous. */
function translate(state: State, text: string): MaybePromise<Translation | Refusal | null> {
  const { carrier, view } = state
  return rescue(
    () => carrier.translate?.(text, view) ?? null,
    (cause) => carrierFailed(state, cause),
  )
}

export function carrierFailed(state: State, cause: unknown): never {
  const { name } = state.carrier
  return fault(state, `carrier ${name}`, cause, 'ERR_CARRIER', `${name} failed.`)
}

function lookUpToken(state: State, text: string): MaybePromise<Found> {
  const parts = state.setup.tokens.parse(text)
  if (typeof parts === 'string') return { kind: 'dead', refusal: parts, id: null }
  return find(state, parts, state.openedAt)
}

export function find(by: Caller, parts: TokenParts, nowMs: number): MaybePromise<Found> {
  const kept = ask(by, 'read', parts.id)
  return isPromise(kept) ? afterRead(by, parts, kept, nowMs) : toSureFound(by, parts, kept, nowMs)
}

async function afterRead(by: Caller, parts: TokenParts, kept: Promise<Kept>, nowMs: number): Promise<Found> {
  return toSureFound(by, parts, await kept, nowMs)
}

/** A live session is not refused because of a cached record: another server may have issued this token meanwhile. */
function toSureFound(by: Caller, parts: TokenParts, kept: Kept, nowMs: number): MaybePromise<Found> {
  const found = toFound(by.setup, parts, kept, nowMs)
  const isSure = found.kind === 'live' || found.record === undefined || by.store.readNow === undefined
  return isSure ? found : findNow(by, parts, nowMs)
}

async function findNow(by: Caller, parts: TokenParts, nowMs: number): Promise<Found> {
  return toFound(by.setup, parts, await readNow(by, parts.id), nowMs)
}

type Kept = SessionRecord | Tombstone | null

function toFound(setup: Setup, parts: TokenParts, kept: Kept, nowMs: number): Found {
  const { id } = parts
  if (kept === null) return { kind: 'dead', refusal: 'unknown', id }
  if (kept.kind === 'ended') {
    return { kind: 'dead', refusal: 'ended', id, isOvertaken: isReplaced(kept, nowMs, setup), tombstone: kept }
  }
  const verdict = judge(kept, hashSecret(parts.secret), nowMs, setup.limits)
  if (isStanding(verdict)) return { kind: 'live', parts, record: kept, standing: verdict }
  // A failover may have lost the write that made this token, so an honest client may hold it. No alarm is raised, but the token
  // is refused.
  const isLost = verdict === 'reused' && changedAt(kept.head) <= setup.failedOverAt
  if (isLost) return { kind: 'dead', refusal: 'superseded', id, record: kept }
  return { kind: 'dead', refusal: verdict, id, record: kept, isOvertaken: verdict === 'superseded' }
}

function isReplaced({ endedAt, reason }: Tombstone, nowMs: number, { limits }: Setup): boolean {
  return reason === 'login' && nowMs < endedAt + limits.graceMs
}

/** Newest first: with two tokens of one session, the client continues with the newer one. */
const BY_STANDING: readonly (Standing | 'vouched')[] = ['successor', 'current', 'renewing', 'grace', 'vouched']
/** The most informative first. */
const BY_REFUSAL: readonly Refusal[] = ['reused', 'ended', 'superseded', 'expired', 'unknown', 'forged', 'malformed']

/**
 * Several tokens under one name: each of them is tried. If one session is live, it is accepted. If two are, neither is: a sibling
 * domain may have planted one of them, and the server cannot tell which.
 *
 * An old token is evidence, whatever other tokens come with it. Otherwise a thief could try it without a risk. Beside a live
 * token of the same session it is only a stale copy, because a client that holds the live one has no use for it.
 */
async function takeUpAll(state: State, all: readonly Found[]): Promise<void> {
  const live = sorted(
    all.filter((found) => found.kind === 'live'),
    ({ standing }) => BY_STANDING.indexOf(standing),
  )
  const evidence = sorted(
    all.filter((found) => found.kind === 'dead'),
    ({ refusal }) => BY_REFUSAL.indexOf(refusal),
  )
  // One result for each session.
  const ofEach = new Map<SessionId | null, Live | Vouched | Dead>(live.map((found) => [found.record.id, found]))
  for (const found of evidence) if (!ofEach.has(found.id)) ofEach.set(found.id, found)
  const left = [...ofEach.values()].filter((found) => found.kind === 'dead')
  const dead = await Promise.all(left.map((found) => weigh(state, found)))
  const [newest] = live
  const [worst = AMBIGUOUS] = dead
  if (newest === undefined)
    refuse(state, { ...worst, isOvertaken: dead.some(({ isOvertaken }) => isOvertaken === true) })
  else if (live.every(({ record }) => record.id === newest.record.id)) await take(state, newest)
  else refuse(state, AMBIGUOUS)
  const others = new Map([...live.map(({ record }) => record), ...dead.flatMap(heldBy)].map((one) => [one.id, one]))
  if (state.held !== null) others.delete(state.held.record.id)
  state.others = [...others.values()]
}

function sorted<T>(all: readonly T[], rankOf: (one: T) => number): T[] {
  return [...all].sort((a, b) => rankOf(a) - rankOf(b))
}

/** Returns the sessions that a client holds or held, with tokens that do not open them. */
function heldBy({ refusal, record }: Dead): SessionRecord[] {
  return (refusal === 'superseded' || refusal === 'reused' || refusal === 'withheld') && record !== undefined
    ? [record]
    : []
}

export function takeUp(found: Found, state: State): MaybePromise<void> {
  return found.kind === 'live' ? take(state, found) : chain(weigh(state, found), (weighed) => refuse(state, weighed))
}

/** Handles a token past its grace. */
function weigh(state: State, found: Dead): MaybePromise<Dead> {
  if (found.refusal !== 'reused' || found.record === undefined) return found
  return judgeReuse(state, found.record).then((isOvertaken) => ({ ...found, isOvertaken }))
}

function take(state: State, found: Live | Vouched): MaybePromise<void> {
  if (found.standing === 'vouched') return found.take()
  const { parts, record, standing } = found
  if (record.head.sealedKey !== undefined) return unseal(state, { parts, record, standing })
  return hold(state, { record, parts, standing, vault: plainVault }, record.data)
}

async function unseal(state: State, live: Omit<Live, 'kind'>): Promise<void> {
  const { record, parts, standing } = live
  const vault = await openVault(record, parts.secret, standing)
  if (vault === null) return endInvalid(state, record)
  return hold(state, { ...live, vault }, await vault.fromStored(record.data))
}

/** The request continues with this session. */
export function hold(state: State, held: Held, texts: Texts): MaybePromise<void> {
  state.held = held
  state.texts = texts
  state.isNew = false
  return state.setup.checksData ? check(state, held.record) : undefined
}

/** With `'throw'`, the error is thrown when the handler reads the data, so that a handler that only logs out still works. */
function check(state: State, record: SessionRecord): MaybePromise<void> {
  if (state.setup.invalidData === 'throw') return
  try {
    draftOf(state).values
  } catch (error) {
    if (error instanceof SessionError && error.code === 'ERR_DATA_INVALID') return endInvalid(state, record)
    throw error
  }
}

async function endInvalid(state: State, record: SessionRecord): Promise<void> {
  await endSession(state, record, 'invalid')
  refuse(state, { kind: 'dead', refusal: 'invalid', id: record.id })
}

/** A carrier that sends no tokens counted, so the token on the one that does was not judged. It may be the user's login. */
function hidesToken({ setup, carrier, view }: State): boolean {
  return carrier.readOnly === true && presents(setup.lastCarrier.read(view))
}

/**
 * The client keeps its dead token until a login or a first write replaces it, or it logs out. A parallel request may be sending a
 * new token under the same name, and clearing the old one would delete the new one.
 */
export function refuse(state: State, dead: Dead): void {
  const { refusal, id, isOvertaken = false } = dead
  const { others } = state
  // The handler's old data object is detached: edits of it must not begin a session.
  state.draft = null
  forget(state)
  state.refused = refusal
  state.dead = dead
  state.overtaken = isOvertaken || hidesToken(state)
  state.others = [...others, ...heldBy(dead)]
  state.duplicates ||= refusal === 'ambiguous'
  if (refusal === 'malformed' || refusal === 'forged' || refusal === 'unknown') {
    state.carrier.foreign?.(state.view, refusal)
  }
  emit(state, 'refused', { id, reason: refusal })
}
