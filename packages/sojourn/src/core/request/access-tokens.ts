import type { Carrier, RequestView } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Session } from '../contracts/session.ts'
import type { Sessions } from '../contracts/sessions.ts'
import type { Change } from '../contracts/store.ts'
import { applyEdits, type Edits, NO_EDITS } from '../data/texts.ts'
import { openVault, plainVault } from '../data/vault.ts'
import { nextTry } from '../lib/turns.ts'
import {
  createNonce,
  deriveSuccessor,
  type HeadChange,
  toHeadChange,
  toRenewed,
  toRenewing,
  withoutStale,
} from '../token/secrets.ts'
import { expiryOf, type TokenParts } from '../token/token.ts'
import { revoke } from './admin.ts'
import { type Caller, emit, sureOfEra } from './caller.ts'
import { commit } from './commit.ts'
import { checkAll, openedAll } from './guards.ts'
import type { Held } from './held.ts'
import { storedUnder } from './notes.ts'
import { find, open } from './open.ts'
import { RequestSession } from './request-session.ts'
import { writeRecord } from './save.ts'
import type { Setup } from './setup.ts'
import { State } from './state.ts'

// What access tokens need of sessions. Nothing in core calls this, so an application without them does not bundle it.

/** Where the limit of a session's access tokens is stored, beside its data. */
const LIMIT = '~t'

/** A session whose client may have access tokens. */
export interface Holder {
  readonly session: Session<object>
  readonly userId: string
  /** What `storeLimit` last stored. */
  readonly limit: string | null
}

/** A refresh. `token`: what the client uses from now on; `null`: what it has, because another request holds a newer one. */
export interface Refresh {
  readonly holder: Holder
  /** Replaces the token. Call it once it is known that an access token is issued. `null`: the session ended meanwhile. */
  renew(): Promise<{ readonly token: string | null } | null>
}

const setups = new WeakMap<object, Setup>()

/** The parts of these sessions. Opens a request of nobody, because a session leads to them. */
async function setupOf(sessions: Sessions<object>): Promise<Setup> {
  const known = setups.get(sessions)
  if (known !== undefined) return known
  const { session } = await sessions.open({ ...NOBODY, method: 'GET' })
  const state = RequestSession.stateOf(session)
  if (state === null) throw new SessionError('ERR_OPTION', 'These sessions are of another copy of the package.')
  setups.set(sessions, state.setup)
  return state.setup
}

async function callerOf(sessions: Sessions<object>): Promise<Caller> {
  const setup = await setupOf(sessions)
  return { setup, view: null, store: setup.store }
}

/** A request of which nothing is known. */
export const NOBODY: RequestView = {
  method: 'POST',
  url: '/',
  secure: true,
  peer: null,
  canSetHeaders: false,
  header: () => null,
}

/**
 * The session of a handler. Throws `ERR_OPTION` for anything else, `ERR_NOT_AUTHENTICATED`, and `ERR_VOUCHED` if the client did
 * not present its token: an access token must not lead to another one.
 */
export function holderOf(session: Session<object>): Holder {
  const { state, held } = stateOf(session)
  if (held.standing === 'vouched') {
    throw new SessionError(
      'ERR_VOUCHED',
      'An access token is issued to a client that presents the token of its session.',
    )
  }
  return toHolder(state, session)
}

function stateOf(session: Session<object>): { readonly state: State; readonly held: Held } {
  const state = RequestSession.stateOf(session)
  if (state === null)
    throw new SessionError('ERR_OPTION', 'Access tokens are for the session of a request: req.session.')
  // A guard may have locked it.
  if (session.userId === null || state.held === null) {
    throw new SessionError('ERR_NOT_AUTHENTICATED', 'Access tokens are for a user who is logged in.')
  }
  return { state, held: state.held }
}

function toHolder(state: State, session: Session<object>): Holder {
  return { session, userId: session.userId ?? '', limit: state.texts[LIMIT] ?? null }
}

/** Stores what `next` makes of the limit. It is stored when this resolves. `next` may run more than once. */
export async function storeLimit(session: Session<object>, next: (limit: string | null) => string): Promise<void> {
  for (let tries = 0; ; tries = nextTry(tries)) {
    const { state, held } = stateOf(session)
    const stored = await held.vault.fromStored(held.record.data)
    const edits = { [LIMIT]: next(stored[LIMIT] ?? null) }
    const { status } = await writeRecord(state, held, edits, { expect: storedUnder(held, LIMIT) })
    if (status === 'gone') throw new SessionError('ERR_SESSION_ENDED')
    if (status === 'conflict') continue
    state.texts = applyEdits(state.texts, edits)
    return
  }
}

/**
 * Opens the session of a token that was handed over as text, as a request with it does, guards included. Returns why not, as a word.
 */
export async function openRefresh(
  sessions: Sessions<object>,
  token: string,
  view: RequestView,
): Promise<Refresh | { readonly refused: string }> {
  const setup = await setupOf(sessions)
  const state = new State(setup, withoutHeaders(view), toCarrier(token))
  if ((await checkAll(state)) !== null) return { refused: 'withheld' }
  await open(state)
  if ((await openedAll(state)) !== null) return { refused: 'withheld' }
  const session = new RequestSession<object>(state)
  if (state.held === null) return { refused: state.refused ?? 'unknown' }
  if (state.locks !== null) return { refused: 'withheld' }
  if (session.userId === null) return { refused: 'anonymous' }
  return { holder: toHolder(state, session), renew: () => renew(state) }
}

/** Carriers of the application are not asked: they would find the token elsewhere. */
function toCarrier(token: string): Carrier {
  return {
    name: 'refresh',
    ambient: false,
    vary: '',
    read: () => ({ values: [token], overflow: false }),
    write: () => [],
    clear: () => [],
  }
}

/** The token is an answer of its own, not a header. */
function withoutHeaders(view: RequestView): RequestView {
  const { method, url, secure, peer } = view
  return { method, url, secure, peer, canSetHeaders: false, header: (name) => view.header(name) }
}

async function renew(state: State): Promise<{ readonly token: string | null } | null> {
  const next = await nextOf(state)
  // What guards wrote, and when the session was last seen.
  await commit(state)
  if (state.held === null || next === 'gone') return null
  return { token: next === null ? null : state.setup.tokens.toToken(next) }
}

/** Each refresh renews the token. All refreshes with one token get the same successor, so an answer that is lost costs nothing. */
async function nextOf(state: State): Promise<TokenParts | 'gone' | null> {
  const { setup } = state
  for (let tries = 0; ; tries = nextTry(tries)) {
    const { held } = state
    if (held === null || held.standing === 'outdated') return 'gone'
    const { record, parts, standing, vault } = held
    if (standing === 'grace') return null
    const { renewal } = record.head
    if (standing === 'renewing' && renewal !== undefined) {
      return setup.tokens.successor(parts, deriveSuccessor(parts.secret, renewal.nonce))
    }
    const now = setup.clock()
    const nonce = createNonce()
    const secret = deriveSuccessor(parts.secret, nonce)
    const confirmed = standing === 'successor' ? toRenewed(record.head, now, setup.limits) : record.head
    const head = withoutStale(toRenewing(confirmed, nonce, secret, now, await vault.keyFor(secret)), now)
    const at = Math.max(now, record.lastSeenAt)
    const seen = { at, expiresAt: expiryOf({ ...record, lastSeenAt: at, head }, setup.limits) }
    const change: Change & HeadChange = { ...toHeadChange(record, head), seen }
    const { status } = await writeRecord(state, held, NO_EDITS as Edits, change)
    if (status === 'conflict') continue
    if (status === 'gone') return 'gone'
    const next = setup.tokens.successor(parts, secret)
    if (state.held !== null) state.held = { ...state.held, standing: 'renewing' }
    if (standing === 'successor') emit(state, 'renewed', { id: record.id, userId: record.userId })
    return next
  }
}

/**
 * Ends the session of a token, also if a newer one replaced it: whoever has the old one held the session once. `isAllowed` gets the
 * session's limit.
 */
export async function revokeByToken(
  sessions: Sessions<object>,
  token: string,
  isAllowed: (limit: string | null) => boolean,
): Promise<boolean> {
  const by = await callerOf(sessions)
  const parts = by.setup.tokens.parse(token)
  if (typeof parts === 'string') return false
  const found = await find(by, parts, by.setup.clock())
  const { record } = found
  if (record === undefined || (found.kind === 'live' && found.standing === 'vouched')) return false
  // An old token of a sealed session cannot open its limit.
  const vault = found.kind === 'live' ? await openVault(record, parts.secret, found.standing) : plainVault
  const texts = vault === null ? {} : await vault.fromStored(record.data)
  return isAllowed(texts[LIMIT] ?? null) && revoke(by, record.id, 'revoked')
}

/** When `endAll` was last called, ms since the epoch; 0: never. */
export async function lastEndAll(sessions: Sessions<object>): Promise<number> {
  const by = await callerOf(sessions)
  await sureOfEra(by)
  return by.setup.eras.marker.era
}

/** Reports a failure to the operator that must not fail a request. */
export async function reportTokenFault(sessions: Sessions<object>, operation: string, error: unknown): Promise<void> {
  emit(await callerOf(sessions), 'fault', { operation, error })
}
