import { checkOptions, type OptionKinds } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { LogoutOptions } from '../contracts/session.ts'
import { revokeAll } from './admin.ts'
import { endSession } from './end-session.ts'
import { recheckNow } from './recheck.ts'
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
  if (state.held?.voucher?.isUnread === true) await recheckNow(state)
  const { held, others } = state
  const { values, overflow } = state.candidates
  // After a login in this request, the user is known.
  if (overflow && !held?.record.userId) {
    throw new SessionError('ERR_TOO_MANY_TOKENS', 'Nothing was ended. Log in, then log out everywhere.')
  }
  // A client that presents two live tokens, or a replaced one, holds those sessions too. A logout ends them as well.
  const presented = held === null ? others : [held.record, ...others]
  // The user's other sessions end first: if that fails, the user still has this one to try again.
  if (everywhere) {
    for (const userId of new Set(presented.map((one) => one.userId))) {
      if (userId !== null) await revokeAll(state, userId, 'logout', held?.record.id)
    }
  }
  await Promise.all(presented.map((one) => endSession(state, one, 'logout')))
  forget(state)
  state.answer = values.length > 0 ? 'clear' : 'keep'
  state.did = 'logout'
  if (clearSiteData.length > 0) {
    const value = clearSiteData.map((directive) => `"${directive}"`).join(', ')
    state.extraHeaders = [{ name: 'clear-site-data', value, how: 'default' }]
  }
}
