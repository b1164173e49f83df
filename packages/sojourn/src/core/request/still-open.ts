import { SessionError } from '../contracts/errors.ts'
import type { SessionRecord } from '../contracts/record.ts'
import { expiryOf } from '../contracts/timeouts.ts'
import { equalText } from '../lib/bytes.ts'
import { isStanding, judge } from '../token/secrets.ts'
import { hashSecret, type TokenParts } from '../token/token.ts'
import type { Held } from './held.ts'
import { readNow, type Setup } from './setup.ts'
import type { State } from './state.ts'

/** A request that takes no longer than this may rely on what it read when it began. */
const FRESH_MS = 1000

export function isFresh({ setup, openedAt }: State): boolean {
  return setup.clock() - openedAt < FRESH_MS
}

/**
 * A request can stay open long after its session was judged, for example during a slow upload or on a socket. Before it changes
 * the user's other sessions, it reads the store again: a thief who was logged out must not log out the user.
 */
export async function assertStillOpen(state: State, held: Held): Promise<void> {
  const { setup } = state
  const kept = await readNow(state, held.record.id)
  const isOpen = kept?.kind === 'live' && setup.clock() < expiryOf(kept, setup.limits)
  if (isOpen && (isFresh(state) || isGood(setup, held, kept))) return
  throw new SessionError('ERR_SESSION_ENDED', "The user's other sessions were left as they are.")
}

/**
 * Before a login that continues a session of the same user: checks whether a rotation or a new proof has replaced this request's
 * token. A thief may have held the request open, and the login would end the user's session instead of the thief's.
 */
export async function assertNotReplaced(state: State, held: Held): Promise<void> {
  if (isFresh(state)) return
  const kept = await readNow(state, held.record.id)
  if (kept?.kind !== 'live' || isGood(state.setup, held, kept)) return
  throw new SessionError('ERR_SESSION_ENDED', 'Its token was replaced while this request ran: ask for proof again.')
}

function isGood(setup: Setup, { parts }: Held, record: SessionRecord): boolean {
  const verdict = judge(record, hashSecret(parts.secret), setup.clock(), setup.limits)
  return isStanding(verdict) || (verdict === 'reused' && isRenewed(record, parts))
}

/**
 * Whether the token was only renewed since, which does not reduce its rights. Old secrets are kept for a while after their grace.
 */
export function isRenewed({ head }: SessionRecord, { secret }: TokenParts): boolean {
  const hash = hashSecret(secret)
  return head.previous?.some((old) => old.how === 'renewed' && equalText(old.hash, hash)) ?? false
}
