import type { Carrier } from '../contracts/carrier.ts'
import type { SessionRecord } from '../contracts/record.ts'
import { checkAll } from './guards.ts'
import { open } from './open.ts'
import { recheckNow } from './recheck.ts'
import { presents, State } from './state.ts'

/**
 * Opens what the client presents on these carriers, which did not count for the request. On the one that did, there may be a text
 * that is refused, such as an expired access token, while the user's login is in a cookie.
 *
 * A session on a carrier stays out if a guard refuses the request there: a page of another site may have made it, and the
 * browser attached the cookie.
 */
export async function openElsewhere(state: State, carriers: readonly Carrier[]): Promise<State[]> {
  const { setup, view } = state
  const opened: State[] = []
  for (const carrier of carriers) {
    const other = new State(setup, view, carrier, state)
    if (carrier === state.carrier || !presents(other.candidates) || (await checkAll(other)) !== null) continue
    await open(other)
    opened.push(other)
  }
  return opened
}

/** Returns the sessions that the client holds on the carrier of this state. A holder of a token may end its session. */
export async function presentedOn(state: State): Promise<readonly SessionRecord[]> {
  if (state.held?.voucher?.isUnread === true) await recheckNow(state)
  const { held, others } = state
  return held === null ? others : [held.record, ...others]
}

/** The token of a login replaces what the client presents on the carrier that sends it. */
export async function addReplaced(state: State): Promise<void> {
  const [replaced] = await openElsewhere(state, [state.setup.lastCarrier])
  if (replaced !== undefined) state.others = [...state.others, ...(await presentedOn(replaced))]
}
