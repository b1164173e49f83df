import type { Head, SessionRecord } from '../contracts/record.ts'
import type { Change, MaybePromise } from '../contracts/store.ts'
import { chain } from '../lib/maybe.ts'
import { createNonce, deriveSuccessor, toHeadChange, toRenewed, toRenewing, withoutStale } from '../token/secrets.ts'
import { equalText, expiryOf, hashSecret, isTouchDue, type TokenParts } from '../token/token.ts'
import { readNow } from './caller.ts'
import type { Held } from './held.ts'
import { canSend, isDistrustDue, isRenewalDue, type State } from './state.ts'

/** What a request stores for the session besides its data: the last-seen time, and the periodic renewal of the token. */
export interface Upkeep {
  /** `null` if there is nothing to write. */
  readonly change: Change | null
  /** The token that the client must use from now on, if it is another one. */
  readonly next: TokenParts | null
}

/** What to store, and the token to send. Called if something is due. */
export function planUpkeep(state: State, held: Held): MaybePromise<Upkeep> {
  return chain(renew(state, held), (renewal) => toUpkeep(state, held.record, renewal))
}

function toUpkeep(state: State, record: SessionRecord, { head: renewed, next }: Renewing): Upkeep {
  const { setup, openedAt } = state
  const head = isDistrustDue(state, record) ? { ...renewed, distrustedAt: setup.clock() } : renewed
  const isTouched = isTouchDue(record, openedAt, setup.limits) || head !== record.head
  if (!isTouched) return { change: null, next }
  const kept = withoutStale(head, setup.clock())
  // A clock that was set back does not take back when the session was seen.
  const at = Math.max(openedAt, record.lastSeenAt)
  const seen = { at, expiresAt: expiryOf({ ...record, lastSeenAt: at, head: kept }, setup.limits) }
  const change = kept === record.head ? { version: record.version, seen } : { ...toHeadChange(record, kept), seen }
  return { change, next }
}

/**
 * Whether the session has no newer token than this. The client may have received one while this request ran. If the store cannot
 * answer, the result is `false`: the client keeps what it has, and the request, whose data is stored, does not fail.
 */
export async function isNewest(state: State, { id, secret }: TokenParts): Promise<boolean> {
  try {
    const kept = await readNow(state, id)
    return kept?.kind === 'live' && equalText(hashSecret(secret), kept.head.renewal?.next ?? kept.head.secret)
  } catch {
    return false
  }
}

/** The head after this request's part in the renewal, and the token to send. */
interface Renewing {
  readonly head: Head
  readonly next: TokenParts | null
}

function renew(state: State, held: Held): MaybePromise<Renewing> {
  const { setup, duplicates } = state
  const { record, parts, standing, vault } = held
  const { head } = record
  // The grace begins with the write, so that a slow request does not shorten the grace of parallel ones.
  const now = setup.clock()
  if (standing === 'successor') {
    return { head: toRenewed(head, now, setup.limits), next: duplicates ? parts : null }
  }
  if (standing === 'grace' || standing === 'outdated' || standing === 'vouched' || !canSend(state)) {
    return { head, next: null }
  }
  if (standing === 'issued') return { head, next: parts }
  // A parallel request began the renewal, or an answer with the successor was lost: this client gets the same successor.
  if (head.renewal !== undefined) {
    return { head, next: setup.tokens.successor(parts, deriveSuccessor(parts.secret, head.renewal.nonce)) }
  }
  if (!isRenewalDue(state, held)) return { head, next: duplicates ? parts : null }
  const nonce = createNonce()
  const secret = deriveSuccessor(parts.secret, nonce)
  const next = setup.tokens.successor(parts, secret)
  return chain(vault.keyFor(secret), (sealedKey) => ({ head: toRenewing(head, nonce, secret, now, sealedKey), next }))
}
