import type { SessionRecord } from '../contracts/record.ts'
import type { Limits } from '../contracts/timeouts.ts'
import type { Vault } from '../data/vault.ts'
import { isStanding, judge, type Standing } from '../token/secrets.ts'
import { hashSecret, type TokenParts } from '../token/token.ts'

/**
 * The stored session that a request works on. Always complete and never changed: a request that learns something new makes
 * another one.
 */
export interface Held {
  /** As last read: another process may have changed it since. */
  readonly record: SessionRecord
  /** The token that was presented, or that will be sent. */
  readonly parts: TokenParts
  /**
   * `outdated`: valid when the request began, and replaced since. The request may write data, but neither renew nor rotate.
   * `issued`: the successor that this response is about to send. The client has not presented it.
   */
  readonly standing: Standing | 'issued' | 'outdated'
  readonly vault: Vault
}

/**
 * Another request renewed or rotated the token. This request was accepted and may finish, with the standing that its token has in
 * the current record.
 */
export function withRecord(held: Held, record: SessionRecord, openedAt: number, limits: Limits): Held {
  const verdict = judge(record, hashSecret(held.parts.secret), openedAt, limits)
  if (held.standing === 'issued' && verdict === 'successor') return { ...held, record }
  return { ...held, record, standing: isStanding(verdict) ? verdict : 'outdated' }
}
