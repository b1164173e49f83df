import type { Model, Operation } from './linearize.ts'

/** Session data as texts, by key. */
export type Texts = Readonly<Record<string, string>>

/** The actions of a client on one session. Tokens are named by numbers, so that a history contains no secret. */
export type SessionInput =
  /** The session is stored, by a login or by a first write. */
  | { readonly kind: 'begin'; readonly token: number; readonly texts: Texts }
  /** A request presents a token. */
  | { readonly kind: 'open'; readonly token: number }
  /** Plain edits, stored when the response begins. */
  | { readonly kind: 'write'; readonly texts: Texts }
  /** `update` of one key: the last value that its function received, and what it returned. */
  | { readonly kind: 'update'; readonly key: string; readonly before: string | null; readonly after: string }
  | { readonly kind: 'rotate'; readonly from: number; readonly to: number }
  /** Logout, revocation, or a login that copies `carried` to the new session. */
  | { readonly kind: 'end'; readonly carried?: Texts }
  /** The user's sessions are listed. */
  | { readonly kind: 'list' }
  /** The database lost everything, which an operator or an engine without a disk may allow. */
  | { readonly kind: 'forget' }

export type SessionOutput =
  | { readonly kind: 'done' }
  /** The result of the request for the token. */
  | { readonly kind: 'live'; readonly texts: Texts }
  | { readonly kind: 'refused' }
  /** The result of `list`: whether the session was in it. */
  | { readonly kind: 'listed'; readonly isThere: boolean }
  /** The result of `revoke`: whether this call ended the session. */
  | { readonly kind: 'ended'; readonly byThis: boolean }

export type SessionOperation = Operation<SessionInput, SessionOutput>

/** `absent`: not stored yet, or forgotten. */
export interface SessionState {
  readonly status: 'absent' | 'live' | 'ended'
  /** The only token that opens it. */
  readonly token: number | null
  readonly texts: Texts
}

const ABSENT: SessionState = { status: 'absent', token: null, texts: {} }
const ENDED: SessionState = { status: 'ended', token: null, texts: {} }

/**
 * One session, as the guarantees describe it: ended is ended (1), updates of a key are applied one after another and edits of
 * other keys are kept (2), a replaced token opens nothing (5).
 */
export const sessionModel: Model<SessionState, SessionInput, SessionOutput> = {
  initial: ABSENT,
  step,
  isRead: ({ kind }, output) => kind === 'open' || kind === 'list' || output.kind === 'refused',
  keyOf: ({ status, token, texts }) => JSON.stringify([status, token, Object.entries(texts).sort()]),
}

function step(state: SessionState, input: SessionInput, output: SessionOutput | null): SessionState | null {
  const { status, texts } = state
  const isLive = status === 'live'
  switch (input.kind) {
    case 'begin':
      return status === 'absent' ? { status: 'live', token: input.token, texts: input.texts } : null
    case 'open':
      return opens(state, input.token, output) ? state : null
    case 'write':
      // If the session ended meanwhile, its edits are lost, and the client is not informed.
      return isLive ? { ...state, texts: { ...texts, ...input.texts } } : state
    case 'update':
      if (output?.kind === 'refused') return isLive ? null : state
      if (!isLive || (texts[input.key] ?? null) !== input.before) return null
      return { ...state, texts: { ...texts, [input.key]: input.after } }
    case 'rotate':
      if (output?.kind === 'refused') return isLive && state.token === input.from ? null : state
      return isLive && state.token === input.from ? { ...state, token: input.to } : null
    case 'end':
      return ends(state, input.carried, output) ? (isLive ? ENDED : state) : null
    case 'list':
      return output?.kind !== 'listed' || output.isThere === isLive ? state : null
    case 'forget':
      return ABSENT
  }
}

function opens({ status, token, texts }: SessionState, presented: number, output: SessionOutput | null): boolean {
  const isOpen = status === 'live' && token === presented
  if (output === null) return true
  if (output.kind === 'refused') return !isOpen
  return isOpen && output.kind === 'live' && isSame(texts, output.texts)
}

function ends({ status, texts }: SessionState, carried: Texts | undefined, output: SessionOutput | null): boolean {
  const isLive = status === 'live'
  if (output?.kind === 'ended') return output.byThis === isLive
  return !isLive || carried === undefined || output === null || isSame(texts, carried)
}

function isSame(a: Texts, b: Texts): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
