import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions, type OptionKind } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { assertTrustProxy } from './_trust-proxy.ts'

/**
 * Checks an adapter's arguments when the application starts. Throws `ERR_OPTION` if they are not sessions, or if an option is
 * unknown. `caller` is the adapter's name.
 */
export function checkArguments(
  caller: string,
  sessions: unknown,
  options: object,
  kinds: Readonly<Record<string, OptionKind>>,
): void {
  assertSessions(sessions, caller)
  checkOptions(options, kinds, caller)
  if ('trustProxy' in options) assertTrustProxy(options.trustProxy, caller)
}

export function assertHandler(handler: unknown, caller: string): void {
  if (typeof handler === 'function') return
  throw new SessionError('ERR_OPTION', `${caller} got no handler. Write ${caller}(sessions, handler, options).`)
}
