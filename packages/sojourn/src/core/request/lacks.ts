import { SessionError } from '../contracts/errors.ts'
import type { Guard } from '../contracts/guard.ts'
import type { Guarantee, Store } from '../contracts/store.ts'

interface Lacking {
  readonly name: string
  readonly lacks?: Store['lacks'] | undefined
}

/** Refuses a store that cannot keep a guarantee, unless the application accepted that by name. */
export function assertWhole({ name, lacks = {} }: Lacking, accepted: readonly Guarantee[] = []): void {
  const missing = (Object.keys(lacks) as Guarantee[]).filter((each) => !accepted.includes(each))
  if (missing.length === 0) return
  const reasons = missing.map((each) => `${each}: ${lacks[each]}`).join(' ')
  const option = missing.map((each) => `'${each}'`).join(', ')
  throw new SessionError(
    'ERR_OPTION',
    `${name} lacks ${reasons} Use another store, or accept this with insecureStoreLacks: [${option}].`,
  )
}

/** A guard that cannot do its work on this store would let everything pass in silence. */
export function assertServes({ name, lacks = {} }: Lacking, guards: readonly Guard[]): void {
  for (const guard of guards) {
    const missing = guard.needs?.find((each) => lacks[each] !== undefined)
    if (missing === undefined) continue
    throw new SessionError('ERR_UNSUPPORTED', `${guard.name} cannot work with ${name}. ${missing}: ${lacks[missing]}`)
  }
}

const VERBS = ['read', 'create', 'write', 'end', 'list', 'close'] as const

/** Throws `ERR_OPTION` if a store lacks one of the six methods. */
export function assertStore(given: unknown): void {
  const store = Object(given) as Readonly<Record<string, unknown>>
  const missing = VERBS.filter((verb) => typeof store[verb] !== 'function')
  if (missing.length === 0) return
  const advice =
    'destroy' in store
      ? 'A store made for express-session goes through connectStore: import it from sojourn/stores/connect.'
      : 'For a URL: await storeFrom(url), of sojourn/stores/url.'
  throw new SessionError('ERR_OPTION', `store must be a Sojourn store, and lacks ${missing.join(', ')}. ${advice}`)
}
