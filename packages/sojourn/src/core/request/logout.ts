import { checkOptions, type OptionKinds } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { SessionRecord } from '../contracts/record.ts'
import type { LogoutOptions } from '../contracts/session.ts'
import { revokeAll } from './admin.ts'
import { openElsewhere, presentedOn } from './elsewhere.ts'
import { endSession } from './end-session.ts'
import { assertUncommitted, canSend, forget, inTurn, type State } from './state.ts'

const KINDS: OptionKinds<LogoutOptions> = { everywhere: 'boolean', clearSiteData: 'array' }

/**
 * Ends the session in the store first: once this resolves, the token opens nothing anywhere. Clearing the client's copy is
 * optional, so this also works after the headers were sent, and for a session that is already gone.
 */
export async function logout(state: State, options: LogoutOptions): Promise<void> {
  checkOptions(options, KINDS, 'logout')
  if (options.clearSiteData?.length && !canSend(state)) assertUncommitted(state, 'logout with clearSiteData')
  await inTurn(state, () => end(state, options))
}

async function end(state: State, options: LogoutOptions): Promise<void> {
  const { everywhere = false, clearSiteData = [] } = options
  const { setup, candidates } = state
  const all = [state, ...(await openElsewhere(state, setup.carriers))]
  // After a login in this request, the user is known.
  if (all.some(({ candidates, held }) => candidates.overflow && !held?.record.userId)) {
    throw new SessionError('ERR_TOO_MANY_TOKENS', 'Nothing was ended. Log in, then log out everywhere.')
  }
  // A client that presents two live tokens, or a replaced one, holds those sessions too. A logout ends them as well.
  const presented: [by: State, record: SessionRecord][] = []
  for (const by of all) for (const record of await presentedOn(by)) presented.push([by, record])
  // The user's other sessions end first: if that fails, the user still has this one to try again.
  if (everywhere) {
    for (const userId of new Set(presented.map(([, { userId }]) => userId))) {
      if (userId !== null) await revokeAll(state, userId, 'logout', state.held?.record.id)
    }
  }
  await Promise.all(presented.map(([by, record]) => endSession(by, record, 'logout')))
  forget(state)
  state.answer = candidates.values.length > 0 ? 'clear' : 'keep'
  state.did = 'logout'
  if (clearSiteData.length > 0) {
    const value = clearSiteData.map((directive) => `"${directive}"`).join(', ')
    state.extraHeaders = [{ name: 'clear-site-data', value, how: 'default' }]
  }
}
