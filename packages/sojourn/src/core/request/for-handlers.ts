import type { Carrier } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Answer, Finding, Guard, Incoming, Sight } from '../contracts/guard.ts'
import type { Session } from '../contracts/session.ts'
import { emit } from './caller.ts'
import { report as reportFinding } from './guards.ts'
import { RequestSession } from './request-session.ts'
import { toSight } from './sight.ts'
import { presents, type State } from './state.ts'

// The functions of a guard that handlers call with their session, such as one that makes a token for a form. Nothing in core calls
// them, so an application that does not use them does not bundle them.

/**
 * Returns what the guard sees of a handler's session now, also after a login in this request. Responses that depend on it are
 * private.
 *
 * @throws `ERR_OPTION` if this is no session of a request, or if its sessions do not have the guard.
 */
export function sightOf(session: Session<object>, guard: Guard): Sight {
  const state = stateOf(session, guard)
  state.accessed = true
  return toSight(state, state.held, guard)
}

/** Throws `ERR_HEADERS_SENT` if the response has begun, so that no header can be added to it. */
export function assertNotSent(session: Session<object>, guard: Guard): void {
  if (stateOf(session, guard).committed) {
    throw new SessionError('ERR_HEADERS_SENT', `Call ${guard.name} before writing to the response.`)
  }
}

/** The request of a handler's session. */
export interface HandlersRequest extends Incoming {
  /** All carriers of the sessions. */
  readonly carriers: readonly Carrier[]
  /** The guards that look at a request before the store is read. */
  readonly checks: readonly Guard[]
}

/** Returns the request of a handler's session; `null` if this is no session of a request. */
export function requestOf(session: unknown): HandlersRequest | null {
  const state = RequestSession.stateOf(session)
  if (state === null) return null
  const { view, carrier, candidates, setup } = state
  return { view, carrier, presents: presents(candidates), carriers: setup.carriers, checks: setup.guards.check }
}

/** Lets handlers use the session that a ruling of this guard locked. */
export function unlock(session: Session<object>, guard: Guard): void {
  stateOf(session, guard).locks?.delete(guard.name)
}

/** Emits `finding` for the session, as a ruling with `report` does: once a request for each finding. */
export function report(session: Session<object>, guard: Guard, finding: Finding): void {
  const state = stateOf(session, guard)
  reportFinding(state, state.held, guard, finding)
}

/** Refuses the request while its handler runs: emits `denied`, and throws `ERR_DENIED` (403) with the message. */
export function deny(
  session: Session<object>,
  guard: Guard,
  { reason, message }: Pick<Answer, 'reason' | 'message'>,
): never {
  emit(stateOf(session, guard), 'denied', { guard: guard.name, reason })
  throw new SessionError('ERR_DENIED', message)
}

function stateOf(session: Session<object>, { name }: Guard): State {
  const state = RequestSession.stateOf(session)
  if (state === null) throw new SessionError('ERR_OPTION', `${name} needs the session of a request: req.session.`)
  const isOurs = Object.values(state.setup.guards).some((guards) => guards.some((guard) => guard.name === name))
  if (!isOurs) throw new SessionError('ERR_OPTION', `Add ${name} to guards of createSessions.`)
  return state
}
