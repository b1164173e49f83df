import type { SessionRecord } from '../contracts/record.ts'
import type { Limits } from '../contracts/timeouts.ts'
import type { Vault } from '../data/vault.ts'
import { isStanding, judge, type Standing } from '../token/secrets.ts'
import { hashSecret, type TokenParts } from '../token/token.ts'

/** The stored session that a request works on. Always whole and never changed: a request that learns something new makes another. */
export interface Held {
  /** As last known: another process may have changed it since. */
  readonly record: SessionRecord
  /** The token presented, or the one about to be handed out. */
  readonly parts: TokenParts
  /** `outdated`: good when the request began, replaced since. It may write its data, but neither renew nor rotate. */
  readonly standing: Standing | 'outdated'
  readonly vault: Vault
}

/**
 * After another request renewed or rotated the token: this one was let in rightly and may finish, as what its token is in
 * the record of now.
 */
export function withRecord(held: Held, record: SessionRecord, openedAt: number, limits: Limits): Held {
  const verdict = judge(record, hashSecret(held.parts.secret), openedAt, limits)
  return { ...held, record, standing: isStanding(verdict) ? verdict : 'outdated' }
}
