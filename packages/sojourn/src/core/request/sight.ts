import type { HeaderChange } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Guard, RefusedSession, Sight } from '../contracts/guard.ts'
import { attempt } from '../lib/maybe.ts'
import { macOf } from '../token/token.ts'
import { emit } from './caller.ts'
import type { Dead, Held } from './held.ts'
import { deviceOf, proofOf, toDate } from './infos.ts'
import { notesIn } from './notes.ts'
import { presents, type State } from './state.ts'

/** What a guard sees of a session: of the request's own, or of the new one of a login. */
export function toSight(state: State, held: Held | null, { name }: Guard): Sight {
  const { setup, view, carrier, refused } = state
  const record = held?.record
  // At a login, guards see the new session before the request continues with it.
  const isOfRequest = record?.id === state.held?.record.id
  return {
    view,
    carrier,
    presents: presents(state.candidates),
    now: new Date(setup.clock()),
    id: record?.id ?? null,
    userId: record?.userId ?? null,
    refused,
    refusedSession: toRefused(state.dead),
    createdAt: toDate(record?.createdAt),
    lastSeenAt: toDate(record?.lastSeenAt),
    ...proofOf(record?.head, isOfRequest && state.distrusts),
    reusedAt: toDate(record?.head.reusedAt),
    device: record === undefined ? null : deviceOf(record),
    note: record !== undefined && isOfRequest ? noteOf(state, name) : null,
    mac: (text) => macFor(held, name, text),
  }
}

function toRefused(dead: Dead | null): RefusedSession | null {
  if (dead === null || dead.id === null) return null
  const { id, record, tombstone } = dead
  return {
    id,
    userId: record?.userId ?? null,
    endReason: tombstone?.reason ?? null,
    endedAt: toDate(tombstone?.endedAt),
  }
}

/** The locator is in the client's token only, and the same for the session's whole life. A vouched session has none. */
function macFor(held: Held | null, guard: string, text: string): string | null {
  if (held === null || held.parts.locator.length === 0) return null
  return macOf(held.parts.locator, `sojourn guard mac v1 ${JSON.stringify(guard)} ${text}`)
}

/** What the guard wrote in this request, or else what is stored. */
function noteOf({ notes, texts }: State, guard: string): string | null {
  const written = notes?.byGuard.get(guard)
  if (written !== undefined) return written
  const stored = notesIn(texts)
  return Object.hasOwn(stored, guard) ? (stored[guard] ?? null) : null
}

/** The headers that guards add to the response. The response does not depend on them, so a failure costs only the headers. */
export function leavingHeaders(state: State): readonly HeaderChange[] {
  const { setup, held, did } = state
  return setup.guards.leaving.flatMap((guard) => {
    try {
      const headers = guard.leaving?.(toSight(state, held, guard), did) ?? []
      if (!Array.isArray(headers)) return refuseHeaders(headers)
      for (const { name, value } of headers) assertHeader(name, value)
      return headers
    } catch (error) {
      emit(state, 'fault', { operation: `guard ${guard.name}`, error })
      return []
    }
  })
}

/** The response does not wait, so an `async` function in JavaScript adds no headers. Its rejection must not end the process. */
function refuseHeaders(headers: unknown): never {
  attempt(
    () => headers,
    () => {},
  )
  throw new SessionError('ERR_GUARD', 'leaving must return a list of headers, no promise.')
}

/**
 * The characters of RFC 9110, sections 5.1 and 5.5. Servers throw for others, and a login's token would be lost. The server itself
 * says where a body ends: with two such headers, the next response could be read as a part of it.
 */
const NAME = /^(?!(?:content-length|transfer-encoding)$)[\w!#$%&'*+.^`|~-]+$/i
const VALUE = /^[\t -~\x80-\xff]*$/

export function assertHeader(name: string, value: unknown): void {
  const isText = typeof value === 'string' || typeof value === 'number'
  if (typeof name !== 'string' || !NAME.test(name) || !isText || !VALUE.test(String(value))) {
    throw new SessionError(
      'ERR_GUARD',
      'A header is no text, has characters that none may have, or belongs to the server.',
    )
  }
}
