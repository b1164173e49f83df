import type { Carrier } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Token } from '../contracts/record.ts'
import type { Session } from '../contracts/session.ts'
import { toDue } from './held.ts'
import { RequestSession } from './request-session.ts'
import { lost, storePending } from './save.ts'
import { assertUncommitted, inTurn, pendingOf, presents, type State } from './state.ts'

// A token as text, for the body of a response. Nothing in core calls this, so an application without such carriers does not
// bundle it.

/**
 * Returns the token that this response gives to the client on this carrier. After a login of this request it is the new one. For a
 * client that presents its token here, the session is renewed now: the token is the successor of the one presented, which stays
 * valid until the client uses the successor, so a lost response logs nobody out.
 *
 * @throws `ERR_NOT_AUTHENTICATED` if nobody logged in and the client presents no token here: a token in a cookie must not become
 * readable for scripts. `ERR_CONTENTION` if the client has a newer token. `ERR_OPTION`, `ERR_HEADERS_SENT`, `ERR_STORE`.
 */
export async function issueToken(session: Session<object>, carrier: Carrier): Promise<Token> {
  const state = RequestSession.stateOf(session)
  if (state === null || !state.setup.carriers.includes(carrier)) {
    throw new SessionError('ERR_OPTION', `issue: give the session of a request, and add ${carrier.name} to carriers.`)
  }
  // Reading it throws if a guard locked the session.
  session.userId
  await inTurn(state, () => issue(state, carrier))
  const { held, setup } = state
  if (held === null) return lost()
  return setup.tokens.toToken(held.parts)
}

async function issue(state: State, carrier: Carrier): Promise<void> {
  assertUncommitted(state, 'issue')
  if (state.did === 'login') return moveTo(state, carrier)
  const { held } = state
  if (held?.record.userId == null || state.carrier !== carrier) {
    throw new SessionError(
      'ERR_NOT_AUTHENTICATED',
      `The request presents no live token on ${carrier.name}. Call issue after login, or with such a token.`,
    )
  }
  if (state.answer === 'write') return
  state.held = { ...held, record: toDue(held.record) }
  await storePending(state, pendingOf(state, false), lost)
  const standing = state.held?.standing
  if (standing === 'grace' || standing === 'outdated') {
    throw new SessionError('ERR_CONTENTION', 'Another request of this client received its new token: use that one.')
  }
}

/** The token of a login goes out on this carrier, and the client forgets what it presented on the one of the request. */
function moveTo(state: State, carrier: Carrier): void {
  const { carrier: before, candidates, view, records, duplicates } = state
  if (before === carrier) return
  if (records !== carrier.records) {
    throw new SessionError('ERR_UNSUPPORTED', `${carrier.name} and ${before.name} keep records in different places.`)
  }
  const copies = duplicates ? (before.clearDuplicates?.(view) ?? []) : []
  const cleared = presents(candidates) ? [...before.clear(view), ...copies] : []
  Object.assign(state, { carrier, duplicates: false, extraHeaders: [...state.extraHeaders, ...cleared] })
}
