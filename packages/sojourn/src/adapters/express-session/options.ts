import { randomBytes } from 'node:crypto'
import { SessionError } from '../../core/contracts/errors.ts'
import type { Guarantee, Store as RecordStore } from '../../core/contracts/store.ts'
import { isProduction } from '../../core/lib/runtime.ts'
import { assertStore, assertWhole } from '../../core/request/lacks.ts'
import type { ExpressStore } from '../../stores/connect/sessions-of.ts'
import type { SessionCookieOptions } from './cookie.ts'
import { MemoryStore } from './memory-store.ts'
import type { Secret } from './signed-cookie.ts'
import { SojournStore } from './sojourn-store.ts'
import type { IncomingRequest, SessionStore } from './types.ts'

export interface SessionOptions {
  /** Signs the id in the cookie. With several, the first signs and all are accepted. Default: `req.secret` of cookie-parser. */
  readonly secret?: Secret | readonly Secret[] | undefined
  /** A store made for express-session, or a Sojourn store. Default: a new `MemoryStore`. */
  readonly store?: ExpressStore | RecordStore | undefined
  /** The name of the cookie. Default `connect.sid`. */
  readonly name?: string | undefined
  /** The old name of `name`. */
  readonly key?: string | undefined
  /** The attributes of the cookie, or a function that returns them for a request. */
  readonly cookie?: SessionCookieOptions | ((request: never) => SessionCookieOptions) | undefined
  /** Makes the id of a new session. It must be unguessable and unique. Default: 24 random bytes. */
  readonly genid?: ((request: never) => string) | undefined
  /** Whether to believe `X-Forwarded-Proto`. Default: Express decides (`trust proxy`). */
  readonly proxy?: boolean | undefined
  /** Whether to store a session that a request did not change. Default `true`, as in express-session. Set `false`. */
  readonly resave?: boolean | undefined
  /** Whether to send the cookie with each response. Default `false`. */
  readonly rolling?: boolean | undefined
  /** Whether to store new sessions without data. Default `true`, as in express-session. Set `false`. */
  readonly saveUninitialized?: boolean | undefined
  /** What `req.session = null` does: `keep` (default) leaves the stored session as it is. */
  readonly unset?: 'keep' | 'destroy' | undefined
  /** Guarantees that the Sojourn store lacks and that you accept. */
  readonly insecureStoreLacks?: readonly Guarantee[] | undefined
}

export interface Settings {
  readonly name: string
  readonly store: SessionStore
  readonly proxy: boolean | undefined
  readonly resave: boolean
  readonly rolling: boolean
  readonly saveUninitialized: boolean
  readonly unset: 'keep' | 'destroy'
  secretsOf(request: IncomingRequest): readonly Secret[]
  cookieOf(request: IncomingRequest): SessionCookieOptions
  newId(request: IncomingRequest): string
  warnOnce(message: string): void
}

const ID_BYTES = 24

/** Checks the options, with the messages of express-session. */
export function toSettings(options: SessionOptions): Settings {
  const { secret, genid, resave, saveUninitialized, unset = 'keep', proxy, rolling } = options
  const given = options.cookie ?? {}
  check(genid === undefined || genid === null || typeof genid === 'function', 'genid option must be a function')
  check(unset === 'keep' || unset === 'destroy', 'unset option must be "destroy" or "keep"')
  const secrets = Array.isArray(secret) ? secret : secret ? [secret as Secret] : null
  check(secrets === null || secrets.length > 0, 'secret option array must contain one or more strings')
  const warned = new Set<string>()
  const settings: Settings = {
    name: options.name || options.key || 'connect.sid',
    store: toStore(options),
    proxy,
    resave: resave ?? true,
    rolling: Boolean(rolling),
    saveUninitialized: saveUninitialized ?? true,
    unset,
    secretsOf: ({ secret: own }) => secrets ?? (own === undefined ? [] : [own]),
    cookieOf: (request) => (typeof given === 'function' ? given(request as never) : given),
    newId: (request) => (genid ? genid(request as never) : randomBytes(ID_BYTES).toString('base64url')),
    warnOnce(message) {
      if (!warned.has(message)) process.emitWarning(message)
      warned.add(message)
    },
  }
  if (resave === undefined) settings.warnOnce(undefinedOption('resave'))
  if (saveUninitialized === undefined) settings.warnOnce(undefinedOption('saveUninitialized'))
  return settings
}

function undefinedOption(name: string): string {
  return `express-session: the option ${name} is not set, so it is true, as in express-session. Set ${name}: false.`
}

function check(isRight: boolean, message: string): void {
  if (!isRight) throw new SessionError('ERR_OPTION', message)
}

function toStore({ store, insecureStoreLacks }: SessionOptions): SessionStore {
  if (!store) {
    if (isProduction()) process.emitWarning(IN_PRODUCTION)
    return new MemoryStore()
  }
  // Its base has the other methods.
  if ('get' in store) return store as SessionStore
  assertStore(store)
  assertWhole(store, insecureStoreLacks)
  return new SojournStore(store)
}

const IN_PRODUCTION =
  'express-session: without the option store, sessions are kept in the memory of this process, which grows. Set store.'

/** Whether the request came over HTTPS. */
export function isSecure(request: IncomingRequest, proxy: boolean | undefined): boolean {
  if (request.socket?.encrypted === true) return true
  if (proxy === false) return false
  if (proxy !== true) return request.secure === true
  const [first = ''] = String(request.headers['x-forwarded-proto'] ?? '').split(',')
  return first.trim().toLowerCase() === 'https'
}
