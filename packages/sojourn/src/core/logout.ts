import { revokeAll } from './admin.ts'
import { checkOptions, type OptionKinds } from './check-options.ts'
import { ask } from './engine.ts'
import type { LogoutOptions } from './session.ts'
import { forget, type State, toTombstone } from './state.ts'

const KINDS: OptionKinds<LogoutOptions> = { everywhere: 'boolean', clearSiteData: 'array' }

/**
 * Ends the session in the store first: once this resolves, the token opens nothing anywhere. Clearing the client's copy is
 * a courtesy, so it works after the headers went out too, and on a session that is gone already.
 */
export async function logout(state: State, options: LogoutOptions): Promise<void> {
  checkOptions(options, KINDS, 'logout')
  const { everywhere = false, clearSiteData = [] } = options
  const { engine, view } = state
  // Whoever comes with a token that was rotated away moments ago held the session, and means to end it.
  const record = state.record ?? state.superseded
  // The others first: when that fails, the user still has this session to try again with.
  if (everywhere && record !== null && record.userId !== null) {
    await revokeAll(engine, record.userId, 'logout', record.id)
  }
  if (record !== null) {
    const last = await ask(engine, 'end', (store) => store.end(record.id, toTombstone(engine, record, 'logout')))
    if (last !== null) engine.events.emit('ended', { id: record.id, userId: record.userId, reason: 'logout' })
  }
  const { values, overflow } = engine.carrier.read(view)
  forget(state)
  state.answer = values.length > 0 || overflow ? 'clear' : 'keep'
  if (clearSiteData.length > 0) {
    const value = clearSiteData.map((directive) => `"${directive}"`).join(', ')
    state.extraHeaders = [{ name: 'clear-site-data', value, how: 'default' }]
  }
}
