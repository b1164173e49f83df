import { randomBytes, toBase64url } from '#crypto'
import type { Translation } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { chain } from '../lib/maybe.ts'
import { toOnceId, toOwnRecord } from '../token/once.ts'
import { equalText } from '../token/token.ts'
import { ask } from './caller.ts'
import type { Dead, Found } from './held.ts'
import type { Finder } from './open.ts'
import { RequestSession } from './request-session.ts'
import type { State } from './state.ts'
import { vouch } from './vouch.ts'

// A ticket opens a session once. Nothing in core calls this, so an application without tickets does not bundle it.

/** What a ticket is for. It opens nothing else. */
export interface TicketUse {
  /** The origin of the page that connects; `null`: a client that names none. */
  readonly origin: string | null
  /** The path that it connects to, without the query. */
  readonly path: string
}

/** What the store keeps of a ticket, under the hash of its text. */
interface Kept extends TicketUse {
  readonly id: SessionId
  readonly userId: string
  /** The stored hash of the session's token, so that a rotation stops the ticket. */
  readonly secret: string
}

const SECRET_BYTES = 32
const FORM = /^[\w-]{43}$/

/** Makes a ticket for the session of a request. Throws `ERR_NOT_AUTHENTICATED`, `ERR_UNSUPPORTED`, `ERR_STORE`. */
export async function issueTicket(session: object, { origin, path }: TicketUse, lifeMs: number): Promise<string> {
  const state = RequestSession.stateOf(session)
  if (state === null) throw new SessionError('ERR_OPTION', 'A ticket is for the session of a request: req.session.')
  const record = state.held?.record
  if (record === undefined || record.userId === null) {
    throw new SessionError('ERR_NOT_AUTHENTICATED', 'A ticket is for a user who is logged in.')
  }
  const lost = state.store.lacks?.['lost-update']
  if (state.records !== undefined || lost !== undefined) {
    throw new SessionError(
      'ERR_UNSUPPORTED',
      `Tickets need a store in which exactly one caller ends a record. ${lost ?? ''}`,
    )
  }
  const ticket = toBase64url(randomBytes(SECRET_BYTES))
  const now = state.setup.clock()
  const kept: Kept = { id: record.id, userId: record.userId, secret: record.head.secret, origin, path }
  await ask(state, 'create', {
    ...toOwnRecord(toTicketId(ticket), now, now + lifeMs),
    data: { ticket: JSON.stringify(kept) },
  })
  return ticket
}

/** For `Carrier.translate`: takes the ticket, so that it opens nothing again, and then judges what it is for. */
export function takeTicket(ticket: string, use: TicketUse): Translation | 'malformed' {
  if (!FORM.test(ticket)) return 'malformed'
  const finder: Finder = {
    kind: 'vouch',
    find(state) {
      const id = toTicketId(ticket)
      const now = state.setup.clock()
      const used: Tombstone = { kind: 'ended', id, reason: 'revoked', endedAt: now, expiresAt: now + KEPT_MS }
      return chain(ask(state, 'end', id, used), (taken) => judge(state, use, taken?.kind === 'live' ? taken : null))
    },
  }
  return finder
}

/** Longer than any ticket is valid. */
const KEPT_MS = 60_000

function judge(state: State, use: TicketUse, taken: SessionRecord | null): MaybePromise<Found> {
  const text = taken?.data.ticket
  if (taken === null || text === undefined) return dead('unknown')
  if (state.setup.clock() >= taken.expiresAt) return dead('expired')
  const { id, userId, secret, origin, path } = JSON.parse(text) as Kept
  if (origin !== use.origin || path !== use.path) return dead('malformed')
  const expiresAt = Number.POSITIVE_INFINITY
  const found = (vouch({ id, userId, expiresAt }) as Finder).find(state, '')
  return chain(found, (one) => (one.kind === 'live' && !isSame(one.record, secret) ? dead('superseded') : one))
}

/** Whether no rotation replaced the token since. A ticket is younger than any grace. */
function isSame({ head }: SessionRecord, secret: string): boolean {
  const renewed = head.previous?.some((old) => old.how === 'renewed' && equalText(old.hash, secret)) ?? false
  return equalText(head.secret, secret) || renewed
}

function dead(refusal: Dead['refusal']): Dead {
  return { kind: 'dead', refusal, id: null }
}

function toTicketId(ticket: string): SessionId {
  return toOnceId(`live ticket ${ticket}`)
}
