import { checkOptions } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Head, SessionRecord } from '../contracts/record.ts'
import type { ProofOptions } from '../contracts/session.ts'
import type { MaybePromise, Written } from '../contracts/store.ts'
import { NO_EDITS } from '../data/texts.ts'
import { defined, rescue } from '../lib/maybe.ts'
import { nextTry } from '../lib/turns.ts'
import { toHeadChange, toRotated } from '../token/secrets.ts'
import type { TokenParts } from '../token/token.ts'
import { expiryOf } from '../token/token.ts'
import { emit, readNow } from './caller.ts'
import { type Held, withRecord } from './held.ts'
import { PROOF, toProof } from './login.ts'
import { writeRecord } from './save.ts'
import { assertUncommitted, inTurn, type State } from './state.ts'

/**
 * Issues a new token for the same session. The old one stops immediately. A session that was never stored has no token to
 * replace.
 */
export async function rotate(state: State): Promise<void> {
  await inTurn(state, () => rotateNow(state, 'rotate'))
}

/** Within a turn. `verb` is what the application called, for errors. */
export async function rotateNow(state: State, verb: string): Promise<void> {
  assertUncommitted(state, verb)
  if (state.held === null) return
  const { id, userId } = await replaceSecret(state, state.held, (head) => head)
  emit(state, 'rotated', { id, userId })
}

/**
 * The user has proved their identity again: issues a new token and restarts both limits (ASVS 5.0 7.2.4; NIST SP 800-63B-4 5.2).
 */
export async function reauthenticated(state: State, options: ProofOptions): Promise<void> {
  await inTurn(state, () => confirm(state, options))
}

async function confirm(state: State, options: ProofOptions): Promise<void> {
  assertUncommitted(state, 'reauthenticated')
  const { held, setup } = state
  if (held === null || held.record.userId === null) {
    throw new SessionError('ERR_NOT_AUTHENTICATED', 'reauthenticated() confirms a login: call login() first.')
  }
  const { userId } = held.record
  checkOptions(options, PROOF, 'reauthenticated')
  const proof = toProof(options)
  const authenticatedAt = setup.clock()
  const { methods, assurance } = options
  const given = defined({ methods: methods && proof.methods, assurance, authenticatedAt })
  const { id } = await replaceSecret(state, held, (head) => ({ ...withoutDistrusted(state, head), ...given }))
  state.distrusts = false
  emit(state, 'reauthenticated', { id, userId, ...proof })
}

/** What a guard distrusts does not count again because of another proof. */
function withoutDistrusted({ distrusts }: State, head: Head): Head {
  const { distrustedAt, ...trusted } = head
  if (!distrusts && distrustedAt === undefined) return head
  const { methods: _, assurance: __, ...rest } = trusted
  return rest
}

async function replaceSecret(state: State, first: Held, edit: (head: Head) => Head): Promise<SessionRecord> {
  const { setup, openedAt } = state
  let held = first
  for (let tries = 0; ; tries = nextTry(tries)) {
    const { record, parts, vault, standing } = held
    if (standing === 'outdated') throw new SessionError('ERR_SESSION_ENDED', 'A parallel request gave it a new token.')
    const next = setup.tokens.successor(parts)
    const now = setup.clock()
    const head = toRotated(edit(record.head), next.secret, now, setup.limits, await vault.keyFor(next.secret))
    const written = await write(state, held, head, now)
    if (written.status !== 'conflict') {
      await handOut(state, held, next, written, now)
      return record
    }
    held = withRecord(held, written.record, openedAt, setup.limits)
  }
}

async function handOut(state: State, before: Held, next: TokenParts, written: Written, now: number): Promise<void> {
  const { held } = state
  if (written.status === 'gone' || held?.record.id !== before.record.id) {
    throw new SessionError('ERR_SESSION_ENDED', 'It ended or expired while this request ran.')
  }
  if (state.committed) {
    // An error page replaced the response, so the new token cannot be sent. The client keeps the old one.
    await writeHead(state, held, before.record.head, now)
    assertUncommitted(state, 'this')
  }
  state.held = { ...held, parts: next, standing: 'current' }
  state.answer = 'write'
  if (state.did !== 'login') state.did = 'rotate'
}

function writeHead(state: State, held: Held, head: Head, now: number): MaybePromise<Written> {
  const { record } = held
  const seen = { at: now, expiresAt: expiryOf({ ...record, lastSeenAt: now, head }, state.setup.limits) }
  return writeRecord(state, held, NO_EDITS, { ...toHeadChange(record, head), seen })
}

/**
 * The store may have written although the call failed. Then the old token is invalid already, and the client must receive the new
 * one.
 */
async function write(state: State, held: Held, head: Head, now: number): Promise<Written> {
  const { id } = held.record
  try {
    return await writeHead(state, held, head, now)
  } catch (error) {
    // The first failure is the one to report.
    const kept = await rescue(
      () => readNow(state, id),
      () => null,
    )
    if (kept?.kind !== 'live' || kept.head.secret !== head.secret) throw error
    if (state.held?.record.id === id) state.held = { ...state.held, record: kept }
    return { status: 'written' }
  }
}
