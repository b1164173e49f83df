import { SessionError } from '../../core/contracts/errors.ts'
import type { PublicKey } from './proof.ts'

/** What the guard stores with a session. All times are ms since the epoch. */
export interface Note {
  /** The form of this note. Another number means that another version of the guard wrote it. */
  readonly v: 1
  /** The proof of identity (`authenticatedAt`) for which a binding was last offered. */
  readonly offeredFor: number
  readonly offer?: Offer
  readonly binding?: Binding
}

/** A binding that the browser may register. One registration uses it up. */
export interface Offer {
  readonly challenge: string
  readonly authorization: string
  readonly until: number
}

export interface Challenge {
  readonly text: string
  readonly until: number
}

/** A bound cookie. Only its hash is stored. */
export interface Credential {
  readonly hash: string
  /** When the browser proved that it has the key. */
  readonly provedAt: number
  readonly until: number
}

export interface Binding {
  /** The identifier under which the browser keeps its key. Not the session's id. */
  readonly id: string
  readonly key: PublicKey
  readonly boundAt: number
  /** Oldest first. Each can be used once. */
  readonly challenges: readonly Challenge[]
  readonly current: Credential
  /** Responses can overtake each other, so the cookie before the current one is accepted until it expires. */
  readonly previous?: Credential
  /** The proof that was accepted last. If the browser sends it again, it gets the same cookie again. */
  readonly proof: { readonly hash: string; readonly nonce: string; readonly until: number }
  /** When a request without a proof was last distrusted. */
  readonly unprovenAt?: number
}

/** Throws for a note that another version wrote, because a session that it binds must not open without its proof. */
export function parseNote(text: string | null): Note | null {
  if (text === null) return null
  const note = JSON.parse(text) as Note
  if (note.v === 1) return note
  throw new SessionError('ERR_GUARD', 'Another version of device-bound wrote the note of this session.')
}

export function printNote(note: Note): string {
  return JSON.stringify(note)
}
