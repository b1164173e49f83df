import { checkOptions } from './check-options.ts'
import { defined } from './defined.ts'
import { NO_EDITS } from './draft.ts'
import { SessionError } from './errors.ts'
import { PROOF, toProof } from './login.ts'
import type { Head, SessionRecord } from './record.ts'
import { toRotated } from './secrets.ts'
import type { ProofOptions } from './session.ts'
import { assertUncommitted, type State } from './state.ts'
import { expiryOf } from './timeouts.ts'
import { nextTry } from './tries.ts'
import { writeRecord } from './write.ts'

/** A fresh token for the same session; the old one stops at once. A session that was never stored has no token to replace. */
export async function rotate(state: State): Promise<void> {
  assertUncommitted(state, 'rotate')
  if (state.record === null) return
  const { id, userId } = await replaceSecret(state, state.record, (head) => head)
  state.engine.events.emit('rotated', { id, userId })
}

/** Proof was given again: a fresh token, and both clocks restart (ASVS 5.0 7.2.4; NIST SP 800-63B-4 5.2). */
export async function reauthenticated(state: State, options: ProofOptions): Promise<void> {
  assertUncommitted(state, 'reauthenticated')
  const { record, engine } = state
  if (record === null || record.userId === null) {
    throw new SessionError('ERR_NOT_AUTHENTICATED', 'reauthenticated() confirms a login: call login() first.')
  }
  const { userId } = record
  checkOptions(options, PROOF, 'reauthenticated')
  const proof = toProof(options)
  const authenticatedAt = engine.clock()
  const { methods, assurance } = options
  const given = defined({ methods: methods && proof.methods, assurance, authenticatedAt })
  const { id } = await replaceSecret(state, record, (head) => ({ ...head, ...given }))
  engine.events.emit('reauthenticated', { id, userId, ...proof })
}

async function replaceSecret(
  state: State,
  record: SessionRecord,
  edit: (head: Head) => Head,
  tries = 0,
): Promise<SessionRecord> {
  const { engine, parts, vault, standing } = state
  if (standing === 'outdated') throw new SessionError('ERR_SESSION_ENDED', 'A parallel request gave it a new token.')
  const next = parts === null ? engine.tokens.mint() : engine.tokens.successor(parts)
  const now = engine.clock()
  const head = toRotated(edit(record.head), next.secret, now, engine.limits, await vault.keyFor(next.secret))
  const seen = { at: now, expiresAt: expiryOf({ ...record, lastSeenAt: now, head }, engine.limits) }
  const written = await writeRecord(state, record, NO_EDITS, { version: record.version, head, seen })
  if (written.status === 'written') {
    Object.assign(state, { parts: next, standing: 'current', answer: 'write' } satisfies Partial<State>)
    return record
  }
  if (written.status === 'conflict') return replaceSecret(state, written.record, edit, nextTry(tries))
  throw new SessionError('ERR_SESSION_ENDED', 'A parallel request ended it.')
}
