import type { Guard } from '../../core/contracts/guard.ts'
import { type Acting, reportFault } from '../../core/request/for-guards.ts'
import type { Settings } from './options.ts'
import { english, type NewDeviceText } from './text.ts'

/**
 * What `make` writes in the language of the user, or in English if the application's texts fail: they may depend on a header, and
 * whoever logs in must not keep the mail from the user by what they send.
 */
export function inWords<T>(
  { wordsFor }: Settings,
  guard: Guard,
  acting: Acting,
  userId: string | null,
  make: (words: NewDeviceText) => T,
): T {
  try {
    return make(wordsFor(acting.view, userId))
  } catch (error) {
    reportFault(acting, guard, error)
    return make(english)
  }
}
