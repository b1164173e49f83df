import type { Carrier, HeaderChange, Translation } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Token } from '../contracts/record.ts'
import type { Session } from '../contracts/session.ts'
import { chain } from '../lib/maybe.ts'
import { type Found, toDue } from './held.ts'
import { type Finder, find } from './open.ts'
import { RequestSession } from './request-session.ts'
import { lost, storePending } from './save.ts'
import { assertUncommitted, inTurn, pendingOf, presents, type State } from './state.ts'

// Tokens in links and forms, for clients that may keep no cookie. Nothing in core calls this, so an application without them does
// not bundle it.
//
// A page gets one token, and the cookie of the same response its successor. A client that keeps cookies uses the successor, so the
// token of the page dies. A client that keeps none goes on with the token of the page, which stays valid until then.

const QUIET: readonly HeaderChange[] = [
  { name: 'referrer-policy', value: 'no-referrer', how: 'replace' },
  { name: 'cache-control', value: 'no-store', how: 'replace' },
]

/** For `Carrier.translate` of such a carrier: the response gives the client's cookie another token than the one in the page. */
export function exchange(text: string): Translation {
  const finder: Finder = {
    kind: 'vouch',
    find(state) {
      quiet(state)
      const parts = state.setup.tokens.parse(text)
      if (typeof parts === 'string') return { kind: 'dead', refusal: parts, id: null }
      return chain(find(state, parts, state.openedAt), renewed)
    },
  }
  return finder
}

function renewed(found: Found): Found {
  return found.kind === 'live' && found.standing === 'current' ? { ...found, record: toDue(found.record) } : found
}

/** No cache keeps a page with such a token or such an address, and it tells other sites nothing. */
function quiet(state: State): void {
  if (!state.extraHeaders.includes(QUIET[0] as HeaderChange)) state.extraHeaders = [...state.extraHeaders, ...QUIET]
}

const given = new WeakMap<State, Token>()

/**
 * Resolves with the token for the links and forms of this response; `null` if the client needs none, because it sends a cookie, or
 * because there is no session.
 */
export async function tokenForPage(session: Session<object>, carrier: Carrier): Promise<Token | null> {
  const state = RequestSession.stateOf(session)
  const carriers = state?.setup.carriers ?? []
  if (state === null || carriers.indexOf(carrier) <= carriers.indexOf(state.setup.lastCarrier)) {
    throw new SessionError(
      'ERR_OPTION',
      `${carrier.name}: put it after the cookie in carriers, and give a request's session.`,
    )
  }
  // Reading it throws if a guard locked the session.
  session.userId
  if (presents(carrier.read(state.view))) quiet(state)
  if (state.carrier !== carrier && presents(state.candidates)) return null
  await inTurn(state, () => hand(state))
  return given.get(state) ?? null
}

async function hand(state: State): Promise<void> {
  const { setup, candidates, committed } = state
  if (given.has(state) || committed) return
  const isPresented = state.did === 'nothing' && state.held !== null && !state.isNew && state.answer === 'keep'
  if (isPresented) {
    const { standing } = state.held ?? {}
    const [only] = candidates.values
    if (only !== undefined && (standing === 'current' || standing === 'renewing' || standing === 'successor'))
      given.set(state, only as Token)
    return
  }
  if (state.held === null) {
    assertUncommitted(state, 'a page with a token')
    await storePending(state, pendingOf(state, false), lost)
  }
  const { held } = state
  if (held === null || state.answer !== 'write' || held.standing !== 'current') return
  quiet(state)
  const token = setup.tokens.toToken(held.parts)
  state.held = { ...held, record: toDue(held.record) }
  await storePending(state, pendingOf(state, false), lost)
  given.set(state, token)
}
