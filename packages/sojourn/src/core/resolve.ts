import { InvalidData, isCheckedEarly } from './data.ts'
import { ask, type Engine } from './engine.ts'
import { chain } from './maybe.ts'
import type { SessionId, SessionRecord, Tombstone } from './record.ts'
import { isStanding, judge, type Standing } from './secrets.ts'
import type { Refusal } from './session.ts'
import { draftOf, type State, toTombstone } from './state.ts'
import type { MaybePromise } from './store.ts'
import { hashSecret, type TokenParts } from './token.ts'
import { openVault, plainVault } from './vault.ts'

/** What one presented text turned out to be. */
type Found =
  | { readonly kind: 'live'; readonly parts: TokenParts; readonly record: SessionRecord; readonly standing: Standing }
  | Dead
interface Dead {
  readonly kind: 'dead'
  readonly refusal: Refusal
  readonly id: SessionId | null
  /** With `ended`: what is left of it. */
  readonly tombstone?: Tombstone
  /** With `reused`: what is at stake. */
  readonly record?: SessionRecord
}

/** Reads what the client presents into the state: a session that is honoured, or the reason why not. */
export function resolve(state: State): MaybePromise<void> {
  const { engine, view } = state
  const { values, overflow } = engine.carrier.read(view)
  if (overflow) return refuse(state, { kind: 'dead', refusal: 'ambiguous', id: null })
  const [only] = values
  if (only === undefined) return
  if (values.length === 1) return chain(lookUp(engine, only, state.openedAt), (found) => settle(state, found))
  state.strays = true
  return Promise.all(values.map((value) => lookUp(engine, value, state.openedAt))).then((all) =>
    settle(state, choose(all)),
  )
}

/** One text, at most one read of the store. */
function lookUp(engine: Engine, text: string, nowMs: number): MaybePromise<Found> {
  const parts = engine.tokens.parse(text)
  if (typeof parts === 'string') return { kind: 'dead', refusal: parts, id: null }
  const { id } = parts
  return chain(
    ask(engine, 'read', (store) => store.read(id)),
    (kept): Found => {
      if (kept === null) return { kind: 'dead', refusal: 'unknown', id }
      if (kept.kind === 'ended') return { kind: 'dead', refusal: 'ended', id, tombstone: kept }
      const verdict = judge(kept, hashSecret(parts.secret), nowMs, engine.limits)
      if (isStanding(verdict)) return { kind: 'live', parts, record: kept, standing: verdict }
      return { kind: 'dead', refusal: verdict, id, record: kept }
    },
  )
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
  return live[0] ?? dead[0] ?? { kind: 'dead', refusal: 'malformed', id: null }
}

function settle(state: State, found: Found): MaybePromise<void> {
  if (found.kind === 'dead') {
    return found.refusal === 'reused' && found.record !== undefined
      ? alarm(state, found, found.record)
      : refuse(state, found)
  }
  const { parts, record, standing } = found
  Object.assign(state, { parts, record, standing, isNew: false } satisfies Partial<State>)
  // Strays are about to be cleared, and the good token may be among them: it is set again where it belongs. One that is in
  // its grace is not, for the client has a newer one.
  if (state.strays && standing !== 'grace') state.answer = 'write'
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

function check(state: State, record: SessionRecord): MaybePromise<void> {
  try {
    draftOf(state).values
  } catch (error) {
    if (error instanceof InvalidData) return endInvalid(state, record)
    throw error
  }
}

function endInvalid(state: State, record: SessionRecord): Promise<void> {
  return endFor(state, record, 'invalid')
}

/** Somebody kept a copy of an old token. Who is the thief cannot be known, so by default nobody stays (RFC 9700 4.14.2). */
function alarm(state: State, found: Dead, record: SessionRecord): MaybePromise<void> {
  const { engine } = state
  const { id, userId } = record
  engine.events.emit('reuse', { id, userId, ended: engine.endOnReuse })
  return engine.endOnReuse ? endFor(state, record, 'reused') : refuse(state, found)
}

async function endFor(state: State, record: SessionRecord, refusal: 'reused' | 'invalid'): Promise<void> {
  const { engine } = state
  const { id, userId } = record
  const last = await ask(engine, 'end', (store) => store.end(id, toTombstone(engine, record, refusal)))
  if (last !== null) engine.events.emit('ended', { id, userId, reason: refusal })
  refuse(state, { kind: 'dead', refusal, id })
}

function refuse(state: State, dead: Dead): void {
  const { engine } = state
  const { refusal, id } = dead
  Object.assign(state, {
    record: null,
    parts: null,
    draft: null,
    texts: {},
    vault: plainVault,
    isNew: true,
    refused: refusal,
  } satisfies Partial<State>)
  state.strays ||= refusal === 'ambiguous'
  if (isSafeToClear(engine, dead, state.openedAt)) state.answer = 'clear'
  engine.events.emit('refused', { id, reason: refusal })
}

/**
 * A dead token is cleared, but not one that died a moment ago: the request was on its way while a login or a rotation
 * gave the client a new token under the same name, and clearing would throw that away.
 */
function isSafeToClear(engine: Engine, { refusal, tombstone }: Dead, nowMs: number): boolean {
  if (refusal === 'superseded') return false
  return tombstone === undefined || nowMs >= tombstone.endedAt + engine.limits.graceMs
}
