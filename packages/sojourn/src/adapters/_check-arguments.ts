import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { assertTrustProxy } from './_trust-proxy.ts'

/**
 * What an adapter was given, checked when the application starts: `ERR_OPTION` for what is no sessions, and for options that
 * nobody would read. `caller` is the adapter's name.
 */
export function checkArguments<Options extends object>(
  caller: string,
  sessions: unknown,
  options: Options,
  kinds: OptionKinds<Options>,
): void {
  assertSessions(sessions, caller)
  checkOptions(options, kinds, caller)
  if ('trustProxy' in options) assertTrustProxy(options.trustProxy, caller)
}

export function assertHandler(handler: unknown, caller: string): void {
  if (typeof handler === 'function') return
  throw new SessionError('ERR_OPTION', `${caller} got no handler. Write ${caller}(sessions, handler, options).`)
}
