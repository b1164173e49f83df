import { type CookieOptions, cookieCarrier } from './carriers/cookie.ts'
import type { Carrier } from './core/contracts/carrier.ts'
import { assertOptions, checkOptions, type OptionKinds } from './core/contracts/check-options.ts'
import { SessionError } from './core/contracts/errors.ts'
import type { JsonValue } from './core/contracts/json.ts'
import type { CoreOptions } from './core/contracts/options.ts'
import { OTHERS } from './core/contracts/other-options.ts'
import type { StandardSchema } from './core/contracts/schema.ts'
import type { Sessions } from './core/contracts/sessions.ts'
import type { Store } from './core/contracts/store.ts'
import { createCoreSessions } from './core/create-sessions.ts'
import { isProduction } from './core/lib/runtime.ts'
import { tell, toConsole } from './core/lib/warn.ts'
import { type CrossOriginOptions, crossOriginGuard } from './guards/cross-origin.ts'
import { describeDevice } from './guards/device.ts'
import { memoryStore } from './stores/memory.ts'

/** Everything can be left out. */
export interface SessionsOptions<Data extends object> extends Omit<CoreOptions<Data>, 'store' | 'carriers'> {
  /** Default: `memoryStore()`, with a warning in production: it loses every session on restart and serves one process. */
  readonly store?: Store
  /** How the token travels, in the order in which they count. Default: a cookie, set up by `cookie`. */
  readonly carriers?: readonly Carrier[]
  /** Name and attributes of the default carrier's cookie. */
  readonly cookie?: CookieOptions
  /** Which other origins may send requests that change something. Default: none. */
  readonly crossOrigin?: CrossOriginOptions
  /** Lets any site send requests in a logged-in user's name. Only with a protection of your own in front. */
  readonly insecureNoCrossOriginCheck?: boolean
}

const KINDS: OptionKinds<SessionsOptions<object>> = {
  store: 'any',
  insecureStoreLacks: 'array',
  carriers: 'array',
  cookie: 'any',
  crossOrigin: 'any',
  insecureNoCrossOriginCheck: 'boolean',
  guards: 'array',
  describeDevice: 'function',
  data: 'any',
  invalidData: ['drop', 'end', 'throw'],
  timeouts: 'any',
  keys: 'any',
  sealed: 'boolean',
  onReuse: ['end', 'report'],
  clock: 'function',
  warn: 'function',
}

/** Sessions with the defaults: a cookie, and records in memory. */
export function createSessions<Data extends object = Record<string, JsonValue>>(): Sessions<
  Record<never, never> extends Data ? Data : Partial<Data>
>
/**
 * Sessions for an application: call it once, give it to an adapter.
 *
 * ```ts
 * const sessions = createSessions({ store: lmdbStore({ path: './data/sessions' }), timeouts: 'owasp-low' })
 * app.use(expressSessions(sessions))
 * ```
 *
 * Without `data` a session's data is `Record<string, JsonValue>`; with a Standard Schema it is what the schema gives. A type
 * alone (`createSessions<{ cart?: string[] }>()`) is not checked at run time. Every session begins empty, so a type that requires a
 * key also needs a schema, with a default for that key. Throws `ERR_OPTION` for options that are wrong or contradict each other,
 * with what to do.
 */
export function createSessions<Data extends object = Record<string, JsonValue>>(
  options?: SessionsOptions<Data> &
    (Record<never, never> extends Data ? unknown : { readonly data: StandardSchema<Data> }),
): Sessions<Data>
export function createSessions<Data extends object>(options: SessionsOptions<Data> = {}): Sessions<Data> {
  checkOptions(options, KINDS, 'createSessions', OTHERS)
  const { store, carriers, cookie, crossOrigin, insecureNoCrossOriginCheck = false, guards = [], ...rest } = options
  const { warn = toConsole } = options
  if (carriers !== undefined && cookie !== undefined) {
    throw new SessionError('ERR_OPTION', 'Give the cookie options to cookieCarrier, or leave carriers out.')
  }
  if (store === undefined && isProduction()) {
    tell(warn, 'no store is configured: sessions live in memory, and a restart ends them all. Set store.')
  }
  // In production, tokens that were issued with keys would be refused: a lost environment variable would log everybody out.
  if ('keys' in options && options.keys === undefined) {
    const text = 'keys is not set: an environment variable may be missing. If not, leave keys out.'
    if (isProduction()) throw new SessionError('ERR_OPTION', text)
    tell(warn, text)
  }
  if (cookie !== undefined) assertOptions(cookie, 'cookie')
  const chosen = carriers ?? [cookieCarrier({ warn, ...cookie })]
  const checksOrigin = chosen.some(({ ambient }) => ambient) && !insecureNoCrossOriginCheck
  const endpoints = guards.flatMap((guard) => guard.endpoints ?? [])
  return createCoreSessions<Data>({
    describeDevice: describeDevice(),
    ...rest,
    warn,
    store: store === undefined ? memoryStore() : store,
    carriers: chosen,
    guards: [
      ...(checksOrigin ? [crossOriginGuard(crossOrigin, endpoints)] : []),
      // A guard that demands something of every request must not refuse those of another guard's protocol.
      ...guards.filter((guard) => guard.endpoints !== undefined),
      ...guards.filter((guard) => guard.endpoints === undefined),
    ],
  })
}
