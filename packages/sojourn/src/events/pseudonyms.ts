import { toKey } from '../core/token/keys.ts'
import { macOf } from '../core/token/token.ts'

/** Returns a keyed hash of a user id: the same for each user, and nothing to anybody without the key. `ERR_OPTION` for a weak key. */
export function createPseudonyms(key: string | Uint8Array, option: string): (userId: string) => string {
  const checked = toKey(key, option)
  return (userId) => macOf(checked, `sojourn pseudonym v1 ${userId}`).slice(0, 22)
}
