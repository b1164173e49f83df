import { type SubjectId, toUri } from './events.ts'
import type { Ending } from './outbox-store.ts'

/** The claims of an event, without those of the stream. */
export interface EventClaims {
  readonly sub_id: SubjectId
  readonly events: Readonly<Record<string, object>>
  readonly txn?: string
}

const WORDS: Readonly<Record<string, readonly [who: 'user' | 'admin' | 'policy', why: string]>> = {
  logout: ['user', 'The user logged out.'],
  login: ['user', 'The user logged in again, and this session was replaced.'],
  revoked: ['admin', 'The session was revoked.'],
  reused: ['policy', 'An old token of the session was used, so somebody may have a copy.'],
  'password-changed': ['user', 'The password of the account changed.'],
  'factor-changed': ['user', 'A factor of the account changed.'],
  'account-disabled': ['admin', 'The account was disabled.'],
  'account-deleted': ['admin', 'The account was deleted.'],
  erased: ['admin', 'What is stored about the user was erased.'],
}

export function toRevoked({ id, reason, at }: Ending, user: SubjectId, scope: 'session' | 'user'): EventClaims {
  const [who, why] = WORDS[reason] ?? ['policy', `The session ended: ${reason.slice(0, 100)}.`]
  const session = { format: 'opaque', id }
  return {
    sub_id: scope === 'user' ? user : { format: 'complex', user: { ...user }, session },
    events: { [toUri('session-revoked')]: common(at, who, why) },
    txn: id,
  }
}

/** What changed about a credential (CAEP 1.0, section 3.3). */
export interface CredentialChange {
  /** `password`, `pin`, `x509`, `fido2-platform`, `fido2-roaming`, `fido-u2f`, `verifiable-credential`, `phone-voice`, `phone-sms`, `app`. */
  readonly type: string
  readonly change: 'create' | 'revoke' | 'update' | 'delete'
}

export function toCredentialChange({ type, change }: CredentialChange, at: number, user: SubjectId): EventClaims {
  const members = common(at, 'user', `A credential of the account changed: ${type}, ${change}.`)
  return {
    sub_id: user,
    events: { [toUri('credential-change')]: { credential_type: type, change_type: change, ...members } },
  }
}

function common(at: number, who: string, why: string): object {
  return { event_timestamp: at / 1000, initiating_entity: who, reason_admin: { en: why } }
}
