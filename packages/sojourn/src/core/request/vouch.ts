import type { Translation } from '../contracts/carrier.ts'
import { assertUserId } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionRecord, Tombstone } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { Draft } from '../data/draft.ts'
import { plainVault, type Vault } from '../data/vault.ts'
import { chain, defined } from '../lib/maybe.ts'
import { expiryOf, isSessionId, type TokenParts } from '../token/token.ts'
import { ask, readNow } from './caller.ts'
import type { Dead, Found, Held, Vouched } from './held.ts'
import { type Finder, hold } from './open.ts'
import type { State } from './state.ts'

/** What a signed token says about its session. Times are a `Date` or ms since the epoch. */
export interface Vouching {
  /** The session's id. */
  readonly id: string
  readonly userId: string
  /** From this time the text is refused. */
  readonly expiresAt: Date | number
  /**
   * `'record'` (default): one read of the store by the id, so an ended session is refused. `'nothing'`: the store is not read, so
   * an ended session stays open until the token expires, and `session.data` throws `ERR_VOUCHED` until `session.reload()`.
   */
  readonly reads?: 'record' | 'nothing' | undefined
  readonly issuedAt?: Date | number | undefined
  /** The proof of identity, with `reads: 'nothing'`. With `'record'`, that of the record counts. */
  readonly authenticatedAt?: Date | number | undefined
  readonly methods?: readonly string[] | undefined
  readonly assurance?: string | undefined
}

/**
 * For `Carrier.translate`: the text proves which session it belongs to, such as a signed access token. Check its signature before
 * you call it.
 *
 * The client presents no token of the session, so the request cannot replace one: `login`, `rotate` and `reauthenticated` throw
 * `ERR_VOUCHED`, and nothing is renewed. Reading and writing data, `logout`, `devices`, `revokeDevice` and `revokeOthers` work.
 * They read the record by its id if it was not read. Sealed data stays closed, because it needs the session's own token.
 */
export function vouch(vouching: Vouching): Translation {
  const { id, userId, reads = 'record' } = vouching
  assertUserId(userId)
  if (!isSessionId(id)) throw new SessionError('ERR_OPTION', 'vouch needs the id of a session.')
  const expiresAt = Number(vouching.expiresAt)
  const finder: Finder = {
    kind: 'vouch',
    find(state) {
      const parts: TokenParts = { id, locator: NO_BYTES, secret: NO_BYTES }
      const { clock, limits } = state.setup
      // Also refuses a time that is no number.
      const isOver = (): boolean => !(clock() < expiresAt)
      const over: Dead = { kind: 'dead', refusal: 'expired', id }
      const again = (): MaybePromise<Found> => (isOver() ? over : readVouched(state, parts, userId, again))
      if (reads === 'record') return again()
      const record = toRecord(vouching, parts, clock())
      return isOver() || clock() >= expiryOf(record, limits) ? over : unread(state, parts, record, again)
    },
  }
  return finder
}

const NO_BYTES = new Uint8Array(0)

function readVouched(
  state: State,
  parts: TokenParts,
  userId: string,
  again: () => MaybePromise<Found>,
): MaybePromise<Found> {
  const { id } = parts
  const dead = (refusal: Dead['refusal']): Dead => ({ kind: 'dead', refusal, id })
  const isOver = (record: SessionRecord): boolean => state.setup.clock() >= expiryOf(record, state.setup.limits)
  const toFound = (kept: SessionRecord | Tombstone | null): Found => {
    if (kept?.kind === 'ended') return dead('ended')
    if (kept === null || kept.userId !== userId) return dead('unknown')
    if (isOver(kept)) return dead('expired')
    return toVouched(state, { record: kept, parts, vault: vaultOf(kept) }, again)
  }
  return chain(ask(state, 'read', id), (kept) => {
    // A cached record may be older than the last request on another server.
    const isSure = state.store.readNow === undefined || kept?.kind !== 'live' || !isOver(kept)
    return isSure ? toFound(kept) : chain(readNow(state, id), toFound)
  })
}

/** A session that was read. `vault`: `null` if the data cannot be opened. */
function toVouched(
  state: State,
  { record, parts, vault }: { record: SessionRecord; parts: TokenParts; vault: Vault | null },
  again: () => MaybePromise<Found>,
): Vouched {
  const take = (): MaybePromise<void> => {
    if (vault === null)
      return withhold(state, { record, parts, standing: 'vouched', vault: LOCKED, voucher: locked(again) })
    if (state.held?.voucher !== undefined) state.draft = null
    const voucher = { again, assertRead: () => {}, isUnread: false }
    const held: Held = { record, parts, standing: 'vouched', vault, voucher }
    return chain(vault.fromStored(record.data), (texts) => hold(state, held, texts))
  }
  return { kind: 'live', standing: 'vouched', record, parts, take }
}

function unread(state: State, parts: TokenParts, record: SessionRecord, again: () => MaybePromise<Found>): Vouched {
  const voucher = { again, assertRead: notRead, isUnread: true }
  const take = (): void => withhold(state, { record, parts, standing: 'vouched', vault: plainVault, voucher })
  return { kind: 'live', standing: 'vouched', record, parts, take, read: again }
}

/** The session opens without its data. */
function withhold(state: State, held: Held & { readonly voucher: { assertRead(): void } }): void {
  const draft = new Draft({ baseline: {} }, null)
  const refuse = (): void => held.voucher.assertRead()
  Object.defineProperty(draft, 'values', { get: refuse })
  state.held = held
  state.texts = {}
  state.draft = Object.assign(draft, { replace: refuse })
  state.isNew = false
}

function notRead(): never {
  throw new SessionError('ERR_VOUCHED', 'Its data was not read: call await session.reload() first.')
}

function sealed(): never {
  throw new SessionError('ERR_VOUCHED', "Its data is sealed: only the session's own token opens it.")
}

function locked(again: () => MaybePromise<Found>): NonNullable<Held['voucher']> {
  return { again, assertRead: sealed, isUnread: false }
}

const LOCKED: Vault = { storedKey: sealed, toStored: sealed, fromStored: sealed, keyFor: sealed }

function vaultOf({ head }: SessionRecord): Vault | null {
  return head.sealedKey === undefined ? plainVault : null
}

/** What the token says, in the form of a record. It is never written. */
function toRecord(vouching: Vouching, { id }: TokenParts, now: number): SessionRecord {
  const { userId, issuedAt = now, expiresAt, authenticatedAt, methods, assurance } = vouching
  const createdAt = Math.min(now, Number(issuedAt))
  const provedAt = authenticatedAt === undefined ? undefined : Number(authenticatedAt)
  const end = Number(expiresAt)
  const head = {
    secret: '',
    secretAt: createdAt,
    idleMs: end - now,
    absoluteMs: end - Math.max(createdAt, provedAt ?? 0),
    ...defined({ authenticatedAt: provedAt, methods, assurance }),
  }
  return { kind: 'live', id, userId, version: 0, createdAt, lastSeenAt: now, expiresAt: end, head, data: {} }
}
