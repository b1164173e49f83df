import type { HeaderChange, RequestView } from './carrier.ts'
import { loadData, reportInvalid, toStoredEdits } from './data.ts'
import { applyEdits, createDraft, type Draft, type Edits, isEmpty, NO_EDITS, type Texts } from './draft.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import type { EndReason, SessionId, SessionRecord, Tombstone } from './record.ts'
import type { Standing } from './secrets.ts'
import type { Refusal } from './session.ts'
import { expiryOf } from './timeouts.ts'
import type { TokenParts } from './token.ts'
import { plainVault, type Vault } from './vault.ts'

/** Flash values set and taken by this request, under stored names. */
export interface Flashed {
  readonly set: Map<string, string>
  readonly taken: Set<string>
}

/** One request's view of one session. The verbs change it; nothing outside core sees it. */
export interface State {
  readonly engine: Engine
  readonly view: RequestView
  readonly openedAt: number
  /** As last known; `null`: nothing is stored. */
  record: SessionRecord | null
  /** The token presented, or the one about to be handed out. */
  parts: TokenParts | null
  /** `outdated`: good when the request began, replaced since. It may write its data, but neither renew nor rotate. */
  standing: Standing | 'outdated'
  vault: Vault
  /** Stored data in the clear, as last known. */
  texts: Texts
  /** Made when the handler first looks at the data. */
  draft: Draft | null
  flash: Flashed | null
  refused: Refusal | null
  isNew: boolean
  /** What to tell the client about its token. */
  answer: 'keep' | 'write' | 'clear'
  /** Whether the client sent more than one token, so that stray copies have to go. */
  strays: boolean
  /** Whether the token was replaced moments ago: the client has a newer one, and this request may not begin a session in its place. */
  overtaken: boolean
  /** Whether the response depends on the session. */
  accessed: boolean
  /** Headers are out: no token can be handed out any more. */
  committed: boolean
  extraHeaders: readonly HeaderChange[]
}

export function createState(engine: Engine, view: RequestView): State {
  return {
    engine,
    view,
    openedAt: engine.clock(),
    record: null,
    parts: null,
    standing: 'current',
    vault: plainVault,
    texts: {},
    draft: null,
    flash: null,
    refused: null,
    isNew: true,
    answer: 'keep',
    strays: false,
    overtaken: false,
    accessed: false,
    committed: false,
    extraHeaders: [],
  }
}

/** The id, minted when first needed: a visitor who writes nothing costs no randomness. */
export function idOf(state: State): SessionId {
  return state.record?.id ?? partsOf(state).id
}

export function partsOf(state: State): TokenParts {
  state.parts ??= state.engine.tokens.mint()
  return state.parts
}

export function draftOf(state: State): Draft {
  if (state.draft === null) {
    const { engine } = state
    const id = idOf(state)
    state.draft = createDraft(loadData(engine, id, state.texts), (key) => reportInvalid(engine, id, [key]))
  }
  return state.draft
}

/** Goes on with other stored data. What the handler holds of the old data stays the same object. */
export function reload(state: State, texts: Texts): void {
  state.texts = texts
  state.draft?.reload(loadData(state.engine, idOf(state), texts))
  state.flash = null
}

/** Goes on as an empty anonymous session. */
export function forget(state: State): void {
  const nothing = {
    record: null,
    parts: null,
    vault: plainVault,
    standing: 'current',
    overtaken: false,
    isNew: true,
  } as const
  Object.assign(state, nothing satisfies Partial<State>)
  reload(state, {})
}

/** Edits not yet stored: the data's under the user's keys, and both under stored names. */
export interface Pending {
  readonly data: Edits
  readonly all: Edits
}

export function pendingOf({ draft, flash, texts }: State): Pending {
  const data = draft === null ? NO_EDITS : draft.edits()
  const all = isEmpty(data) ? NO_EDITS : toStoredEdits(data)
  if (flash === null) return { data, all }
  const taken = [...flash.taken].filter((name) => Object.hasOwn(texts, name)).map((name) => [name, null])
  return { data, all: { ...all, ...Object.fromEntries([...taken, ...flash.set]) } }
}

/** These edits are stored now. Whatever the handler edited meanwhile stays pending. */
export function accept(state: State, { data, all }: Pending): void {
  const { draft, flash } = state
  state.texts = applyEdits(state.texts, all)
  draft?.accept(data)
  for (const [name, text] of Object.entries(flash === null ? NO_EDITS : all)) {
    if (text === null) flash?.taken.delete(name)
    else if (flash?.set.get(name) === text) flash.set.delete(name)
  }
}

export function toTombstone(engine: Engine, record: SessionRecord, reason: EndReason): Tombstone {
  const endedAt = engine.clock()
  // It lasts as long as the session would have: after that, the token is refused by its age alone. But no shorter than
  // requests may be on their way, which it tells from a token that is dead for good.
  const expiresAt = Math.max(expiryOf(record, engine.limits), endedAt + engine.limits.graceMs)
  return { kind: 'ended', id: record.id, reason, endedAt, expiresAt }
}

export function assertUncommitted(state: State, verb: string): void {
  if (state.committed) throw new SessionError('ERR_HEADERS_SENT', `Call ${verb} before writing to the response.`)
}
