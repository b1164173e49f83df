import type { Candidates, CarriedRecords, Carrier, HeaderChange, RequestView } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Did } from '../contracts/guard.ts'
import type { SessionId, SessionRecord } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import type { MaybePromise, Store } from '../contracts/store.ts'
import { Draft, type DraftListener, type Loaded } from '../data/draft.ts'
import { type Judging, loadChecked, reportInvalid } from '../data/schema.ts'
import { applyEdits, type Edits, NO_EDITS, step, type Texts, toDrops, toStoredEdits, userTexts } from '../data/texts.ts'
import { isPromise } from '../lib/maybe.ts'
import { isTouchDue, type TokenParts } from '../token/token.ts'
import { NO_HEADERS } from './caching.ts'
import { type Caller, emit } from './caller.ts'
import type { Dead, Held } from './held.ts'
import { NOTES, type Notes, noteEdits } from './notes.ts'
import type { Setup } from './setup.ts'

/** Flash values that this request set and read, under stored names. */
export interface Flashed {
  readonly set: Map<string, string>
  readonly taken: Set<string>
}

const NO_TEXTS: Texts = {}
const NO_KEYS: readonly string[] = []
const NOTHING_PRESENTED: Candidates = { values: [], overflow: false }
const NO_RECORDS: readonly SessionRecord[] = []

/**
 * One request's view of one session. The verbs change it, and nothing outside core sees it. It is a class, as are the other
 * objects of each request, so that all have the same hidden class from the start.
 */
export class State implements Caller, DraftListener {
  readonly setup: Setup
  readonly view: RequestView
  readonly openedAt: number
  /** The carrier of this request, and what the client presents on it. */
  readonly carrier: Carrier
  readonly candidates: Candidates
  /** Set if the client holds the records itself. */
  readonly records: CarriedRecords | undefined
  readonly store: Store
  /** `null`: nothing is stored. */
  held: Held | null = null
  /** The token of a session that is not stored yet, created when its id is first needed. */
  minted: TokenParts | null = null
  /** Stored data, decrypted, as last read. */
  texts: Texts = NO_TEXTS
  /** Created when the handler first reads the data. */
  draft: Draft | null = null
  flash: Flashed | null = null
  /** Keys whose `update` is running its `fn` now. */
  updating: readonly string[] = NO_KEYS
  refused: Refusal | null = null
  /** What is known of the session whose token was refused. */
  dead: Dead | null = null
  isNew = true
  /** What the response does to the client's token. */
  answer: 'keep' | 'write' | 'clear' = 'keep'
  /** Whether the client sent more than one token, so that the duplicates must be cleared. */
  duplicates = false
  /**
   * Whether the token was replaced moments ago, or the client also presents one that was not judged. Then the client has another
   * one, and this request must not begin a session that replaces it.
   */
  overtaken = false
  /**
   * Other sessions whose tokens the client presented: of two live ones, or of a replaced token. A client that holds a token of a
   * session may end it; logout and login do.
   */
  others: readonly SessionRecord[] = NO_RECORDS
  /** What guards wrote, until it is stored. */
  notes: Notes | null = null
  /** Whether one of the notes was dropped because a parallel request changed it. */
  lostNotes = false
  /** What guards reported, so that nothing is reported twice. */
  findings: readonly string[] = NO_KEYS
  /** Whether a guard stopped trusting the proof of identity in this request. */
  distrusts = false
  /** When the proof was given that the guard saw. The user may give another one meanwhile, and that one counts. */
  distrustedProof: number | undefined = undefined
  /** Texts of guards that locked the session for the handler, by name. */
  locks: Map<string, string> | null = null
  did: Did = 'nothing'
  /** Whether a key was assigned or deleted since the commit began, or a listener may have edited within a value. */
  editedSince = false
  /** Whether the response depends on the session. */
  accessed = false
  /** The headers are sent, so no token can be sent any more. */
  committed = false
  /** The response has ended. Only `update` stores edits now. */
  finished = false
  /** Whether the adapter reports a server error. Then nobody saw the flash values. */
  failed = false
  extraHeaders: readonly HeaderChange[] = NO_HEADERS
  /** Resolves when the running verbs are done. `null` if none is running. */
  line: Promise<void> | null = null

  /** `first`: this state is for another carrier of its request. */
  constructor(setup: Setup, view: RequestView, carrier: Carrier | null = null, first: State | null = null) {
    this.setup = setup
    this.view = view
    this.openedAt = first?.openedAt ?? setup.clock()
    const presented = carrier === null ? pick(setup, view) : { carrier, candidates: carrier.read(view) }
    this.carrier = presented.carrier
    this.candidates = presented.candidates
    // A carrier that sends no tokens leaves the records to the one that does.
    this.records = this.carrier.records ?? (this.carrier.readOnly ? setup.lastCarrier.records : undefined)
    const hasStore = first !== null && first.records === this.records
    this.store = hasStore ? first.store : (this.records?.of(view, setup.store) ?? setup.store)
  }

  /** Created when it is first needed, so a visitor who writes nothing costs no randomness. */
  get id(): SessionId {
    return this.held?.record.id ?? mintedOf(this).id
  }

  corrupt(key: string): void {
    reportInvalid(this, [key])
  }

  edited(key: string): void {
    this.editedSince = true
    if (this.finished) tellLate(this, `data${step(key)}`)
  }
}

/** Whether the client sent anything that could be a token. */
export function presents({ values, overflow }: Candidates): boolean {
  return overflow || values.length > 0
}

/** By presence only: an invalid token on one carrier never falls back to another carrier, which may skip other checks. */
function pick({ carriers, lastCarrier }: Setup, view: RequestView): { carrier: Carrier; candidates: Candidates } {
  for (const carrier of carriers) {
    const candidates = carrier.read(view)
    if (presents(candidates)) return { carrier, candidates }
  }
  return { carrier: lastCarrier, candidates: NOTHING_PRESENTED }
}

/**
 * Runs verbs that replace the request's session or token one after the other, in the order of the calls: a handler that does not
 * await a login and then logs out wants to be logged out.
 */
export function inTurn<T>(state: State, work: (state: State) => MaybePromise<T>): MaybePromise<T> {
  const mine = state.line === null ? work(state) : state.line.then(work.bind(null, state))
  return isPromise(mine) ? takeLine(state, mine) : mine
}

// A function of its own, so that only verbs that wait allocate for it.
function takeLine<T>(state: State, mine: Promise<T>): Promise<T> {
  const leave = (): void => {
    if (state.line === line) state.line = null
  }
  const line = mine.then(leave, leave)
  state.line = line
  return mine
}

export function mintedOf(state: State): TokenParts {
  state.minted ??= state.setup.tokens.mint()
  return state.minted
}

export function draftOf(state: State): Draft {
  state.draft ??= new Draft(load(state, state.texts), state)
  return state.draft
}

/** Returns stored data in the form that a draft begins with. */
export function load(by: Judging & { readonly setup: Setup }, texts: Texts): Loaded {
  const stored = userTexts(texts)
  return by.setup.checksData ? loadChecked(by, stored) : { baseline: stored }
}

export function flashOf(state: State): Flashed {
  state.flash ??= { set: new Map(), taken: new Set() }
  return state.flash
}

/** Reports edits that nothing stores any more, which would otherwise be lost silently. */
export function tellLate(by: Caller, place: string): void {
  const error = new SessionError('ERR_MISUSE', `${place} was edited after the response: lost without update or save.`)
  emit(by, 'fault', { operation: 'edit', error })
  by.setup.warnOnce(error.message)
}

/** Continues with other stored data. The handler keeps the same data object. */
export function reload(state: State, texts: Texts): void {
  state.texts = texts
  state.draft?.reload(load(state, texts))
  state.flash = null
}

/** Continues as an empty anonymous session. */
export function forget(state: State): void {
  state.held = null
  state.minted = null
  state.isNew = true
  state.overtaken = false
  state.others = NO_RECORDS
  state.notes = null
  state.distrusts = false
  reload(state, NO_TEXTS)
}

/** Edits that are not stored yet: those of the data under the user's keys, and all of them under stored names. */
export interface Pending {
  readonly data: Edits
  readonly all: Edits
}

export const NOTHING_PENDING: Pending = { data: NO_EDITS, all: NO_EDITS }

/** `shown`: whether a person sees the response. A flash value that nobody saw must stay. */
export function pendingOf(state: State, shown?: boolean): Pending {
  const { draft, flash, texts, notes } = state
  const data = draft === null ? NO_EDITS : draft.edits()
  if (data === NO_EDITS && flash === null && notes === null) return NOTHING_PENDING
  const edits = toStoredEdits(data)
  const all = notes === null ? edits : { ...edits, ...noteEdits(texts, notes.byGuard) }
  if (flash === null) return { data, all }
  const gone = (shown ?? isShown(state)) ? [...flash.taken].filter((name) => Object.hasOwn(texts, name)) : []
  return { data, all: { ...all, ...toDrops(gone), ...Object.fromEntries(flash.set) } }
}

/** Whether the request suggests that a person sees the response. */
function isShown({ view, failed }: State): boolean {
  const isPrefetch = ['sec-purpose', 'purpose'].some((name) => view.header(name)?.startsWith('prefetch'))
  return !failed && view.method !== 'HEAD' && !isPrefetch
}

/** Marks these edits as stored. What the handler edited meanwhile stays pending. */
export function accept(state: State, { data, all }: Pending): void {
  const { draft, flash } = state
  state.texts = applyEdits(state.texts, all)
  draft?.accept(data)
  if (NOTES in all) state.notes = null
  if (flash === null) return
  for (const [name, text] of Object.entries(all)) {
    if (text === null) flash.taken.delete(name)
    else if (flash.set.get(name) === text) flash.set.delete(name)
  }
}

/**
 * Whether the session needs a write besides that of its data, or the client a token. Cheap and synchronous, because every request
 * asks. The answer is almost always `false`.
 */
export function isUpkeepDue(state: State): boolean {
  const { held, committed, setup, openedAt } = state
  // What a carrier says about a session that was not read is no reason to write.
  if (held === null || committed || held.voucher?.isUnread === true || !canKeep(state)) return false
  return (
    held.standing === 'successor' ||
    isDistrustDue(state, held.record) ||
    isTouchDue(held.record, openedAt, setup.limits) ||
    ((isReissued(state, held) || isRenewalDue(state, held)) && canSend(state))
  )
}

export function isDistrustDue({ distrusts, distrustedProof }: State, { head }: SessionRecord): boolean {
  return distrusts && head.distrustedAt === undefined && head.authenticatedAt === distrustedProof
}

export function isRenewalDue({ openedAt, setup }: State, { record, standing }: Held): boolean {
  const { renewDue, secretAt } = record.head
  return standing === 'current' && (renewDue === true || openedAt - secretAt >= setup.limits.renewMs)
}

/**
 * Whether to send a token that is already stored: the successor again, or the same token, because duplicates are about to be
 * cleared and the valid one may be among them.
 */
function isReissued({ duplicates }: State, { standing }: Held): boolean {
  return standing === 'renewing' || standing === 'issued' || (duplicates && standing === 'current')
}

/** Whether a header that this request causes reaches the client. */
export function canSend({ view }: State): boolean {
  return view.canSetHeaders !== false
}

/** Whether a change of the record can be kept at all: a client that holds it may be on a socket. */
export function canKeep(state: State): boolean {
  return state.records === undefined || canSend(state)
}

export function assertUncommitted(state: State, verb: string): void {
  if (!canSend(state)) {
    throw new SessionError('ERR_NO_HEADERS', `Call ${verb} in a route handler or a form action, in an HTTP request.`)
  }
  if (state.held?.standing === 'vouched') {
    throw new SessionError('ERR_VOUCHED', `Call ${verb} in a request that presents the session's own token.`)
  }
  if (!state.committed) return
  const error = new SessionError(
    'ERR_HEADERS_SENT',
    `Call ${verb} before writing to the response. An await may be missing.`,
  )
  // The handler has answered, and Fastify without a logger drops its error.
  state.setup.warnOnce(error.message)
  throw error
}
