import { SessionError } from './errors.ts'
import type { Sessions } from './sessions.ts'

/**
 * For adapters: throws `ERR_OPTION` if `value` is not the result of `createSessions`. `caller` is the adapter's name as the
 * application writes it (`expressSessions`). `advice` is the fix in the error message.
 */
export function assertSessions(
  value: unknown,
  caller: string,
  advice = 'Pass it what createSessions() returned.',
): asserts value is Sessions<object> {
  const { open, attach, get } = (value ?? {}) as Partial<Sessions<object>>
  if ([open, attach, get].every((verb) => typeof verb === 'function')) return
  throw new SessionError('ERR_OPTION', `${caller} got no sessions. ${advice}`)
}
