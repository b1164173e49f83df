import { InvalidData, isCheckedEarly } from './data.ts'
import { defined } from './defined.ts'
import { ask, type Engine, readNow, readRecord } from './engine.ts'
import { chain, isPromise } from './maybe.ts'
import type { SessionId, SessionRecord, Tombstone } from './record.ts'
import { isStanding, judge, type Standing } from './secrets.ts'
import type { Refusal } from './session.ts'
import { draftOf, type State, toTombstone } from './state.ts'
import type { MaybePromise } from './store.ts'
import { hashSecret, type TokenParts } from './token.ts'
import { openVault, plainVault } from './vault.ts'

/** What one presented text turned out to be. */
export type Found =
  | { readonly kind: 'live'; readonly parts: TokenParts; readonly record: SessionRecord; readonly standing: Standing }
  | Dead
export interface Dead {
  readonly kind: 'dead'
  readonly refusal: Refusal
  readonly id: SessionId | null
  /** What the client's copy is to become; left out: it goes. */
  readonly copy?: Copy
  /** With `reused` and `superseded`: what is at stake. */
  readonly record?: SessionRecord
}

/**
 * `kept`: it died a moment ago, so the answer that replaces or clears it may be on its way, and clearing it here could
 * throw a new token away. `replaced`: the client was given a new one for certain.
 */
type Copy = 'kept' | 'replaced'

/** Reads what the client presents into the state: a session that is honoured, or the reason why not. */
export function resolve(state: State): MaybePromise<void> {
  const { engine, view } = state
  const { values, overflow } = engine.carrier.read(view)
  if (overflow) return refuse(state, { kind: 'dead', refusal: 'ambiguous', id: null })
  const [only] = values
  if (only === undefined) return
  if (values.length === 1) {
    const found = lookUp(engine, only, state.openedAt)
    return isPromise(found) ? found.then((late) => settle(state, late)) : settle(state, found)
  }
  state.strays = true
  return Promise.all(values.map(async (value) => lookUp(engine, value, state.openedAt))).then((all) =>
    settle(state, choose(all)),
  )
}

/** One text, at most one read of the store. */
function lookUp(engine: Engine, text: string, nowMs: number): MaybePromise<Found> {
  const parts = engine.tokens.parse(text)
  if (typeof parts === 'string') return { kind: 'dead', refusal: parts, id: null }
  return find(engine, parts, nowMs)
}

export function find(engine: Engine, parts: TokenParts, nowMs: number): MaybePromise<Found> {
  const kept = readRecord(engine, parts.id)
  return isPromise(kept)
    ? kept.then((late) => assure(engine, parts, toFound(engine, parts, late, nowMs), nowMs))
    : assure(engine, parts, toFound(engine, parts, kept, nowMs), nowMs)
}

/** A live session is not refused by what a near cache knew: another server may have given it this very token meanwhile. */
function assure(engine: Engine, parts: TokenParts, found: Found, nowMs: number): MaybePromise<Found> {
  if (found.kind === 'live' || found.record === undefined || engine.store.readNow === undefined) return found
  return chain(readNow(engine, parts.id), (kept) => toFound(engine, parts, kept, nowMs))
}

function toFound(engine: Engine, parts: TokenParts, kept: SessionRecord | Tombstone | null, nowMs: number): Found {
  const { id } = parts
  if (kept === null) return { kind: 'dead', refusal: 'unknown', id }
  if (kept.kind === 'ended') return { kind: 'dead', refusal: 'ended', id, ...copyOf(kept, nowMs, engine) }
  const verdict = judge(kept, hashSecret(parts.secret), nowMs, engine.limits)
  if (isStanding(verdict)) return { kind: 'live', parts, record: kept, standing: verdict }
  if (verdict === 'superseded') return { kind: 'dead', refusal: verdict, id, record: kept, copy: 'replaced' }
  return { kind: 'dead', refusal: verdict, id, record: kept }
}

function copyOf({ endedAt, reason }: Tombstone, nowMs: number, { limits }: Engine): { copy?: Copy } {
  if (nowMs >= endedAt + limits.graceMs) return {}
  return { copy: reason === 'login' ? 'replaced' : 'kept' }
}

/** Newest first: with two tokens of one session, the client is to go on with the newer. */
const BY_STANDING: readonly Standing[] = ['successor', 'current', 'renewing', 'grace']
/** The most telling first. */
const BY_REFUSAL: readonly Refusal[] = ['reused', 'ended', 'superseded', 'expired', 'unknown', 'forged', 'malformed']

/**
 * Several tokens under one name: every one is tried. One live session wins. Two honour neither: a sibling domain may have
 * planted one of them, and the server cannot tell which. A stale copy beside a live token of the same session is no alarm.
 */
function choose(all: readonly Found[]): Found {
  const live = all.filter((found) => found.kind === 'live')
  if (new Set(live.map(({ record }) => record.id)).size > 1) return { kind: 'dead', refusal: 'ambiguous', id: null }
  live.sort((a, b) => BY_STANDING.indexOf(a.standing) - BY_STANDING.indexOf(b.standing))
  const dead = all.filter((found) => found.kind === 'dead')
  dead.sort((a, b) => BY_REFUSAL.indexOf(a.refusal) - BY_REFUSAL.indexOf(b.refusal))
  const copies = dead.map(({ copy }) => copy)
  const copy = copies.find((one) => one === 'replaced') ?? copies.find((one) => one === 'kept')
  return live[0] ?? { kind: 'dead', refusal: 'malformed', id: null, ...dead[0], ...defined({ copy }) }
}

export function settle(state: State, found: Found): MaybePromise<void> {
  if (found.kind === 'dead') {
    return found.refusal === 'reused' && found.record !== undefined
      ? alarm(state, found, found.record)
      : refuse(state, found)
  }
  const { parts, record, standing } = found
  state.parts = parts
  state.record = record
  state.standing = standing
  state.isNew = false
  if (record.head.sealedKey === undefined) {
    state.texts = record.data
    return isCheckedEarly(state.engine) ? check(state, record) : undefined
  }
  return unseal(state, record, parts, standing)
}

async function unseal(state: State, record: SessionRecord, parts: TokenParts, standing: Standing): Promise<void> {
  const vault = await openVault(record, parts.secret, standing)
  if (vault === null) return endInvalid(state, record)
  state.vault = vault
  state.texts = await vault.fromStored(record.data)
  return check(state, record)
}

/** With `'throw'`, the handler that looks at the data gets the error, so that one that only logs out still can. */
function check(state: State, record: SessionRecord): MaybePromise<void> {
  if (state.engine.invalidData === 'throw') return
  try {
    draftOf(state).values
  } catch (error) {
    if (error instanceof InvalidData) return endInvalid(state, record)
    throw error
  }
}

async function endInvalid(state: State, record: SessionRecord): Promise<void> {
  await end(state, record, 'invalid')
  refuse(state, { kind: 'dead', refusal: 'invalid', id: record.id })
}

/** Somebody kept a copy of an old token. Who is the thief cannot be known, so by default nobody stays (RFC 9700 4.14.2). */
async function alarm(state: State, found: Dead, record: SessionRecord): Promise<void> {
  const { events, endOnReuse } = state.engine
  const { id, userId } = record
  let ended = false
  try {
    // Of several requests with the same old token, the one that ends the session raises the alarm.
    if (endOnReuse && !(await end(state, record, 'reused'))) return refuse(state, found)
    ended = endOnReuse
  } finally {
    // Evidence is told even when the store fails.
    if (state.refused === null) events.emit('reuse', { id, userId, ended })
  }
  refuse(state, found)
}

/** Whether this request was the one that ended it. */
async function end({ engine }: State, record: SessionRecord, reason: 'reused' | 'invalid'): Promise<boolean> {
  const { id, userId } = record
  const last = await ask(engine, 'end', (store) => store.end(id, toTombstone(engine, record, reason)))
  if (last !== null) engine.events.emit('ended', { id, userId, reason })
  return last !== null
}

export function refuse(state: State, dead: Dead): void {
  const { refusal, id, copy, record } = dead
  Object.assign(state, {
    record: null,
    parts: null,
    draft: null,
    texts: {},
    vault: plainVault,
    isNew: true,
    refused: refusal,
    overtaken: copy === 'replaced',
    superseded: refusal === 'superseded' && record !== undefined ? record : null,
  } satisfies Partial<State>)
  state.strays ||= refusal === 'ambiguous'
  if (copy === undefined) state.answer = 'clear'
  state.engine.events.emit('refused', { id, reason: refusal })
}
