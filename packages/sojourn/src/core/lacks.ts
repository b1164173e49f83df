import { SessionError } from './errors.ts'
import type { Guarantee, Store } from './store.ts'

/** Refuses a store that cannot keep what sessions promise, unless the application accepted each of it by name. */
export function assertWhole({ name, lacks = {} }: Store, accepted: readonly Guarantee[] = []): void {
  const missing = (Object.keys(lacks) as Guarantee[]).filter((each) => !accepted.includes(each))
  if (missing.length === 0) return
  const reasons = missing.map((each) => `${each}: ${lacks[each]}`).join(' ')
  const option = missing.map((each) => `'${each}'`).join(', ')
  throw new SessionError('ERR_OPTION', `${name} lacks ${reasons} Another store, or insecureStoreLacks: [${option}].`)
}
