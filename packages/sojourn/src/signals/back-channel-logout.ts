/**
 * OpenID Connect Back-Channel Logout 1.0, for the application that users log in to with an identity provider.
 * @module sojourn/signals/back-channel-logout
 */
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { LoginOptions, Session } from '../core/contracts/session.ts'
import type { Store } from '../core/contracts/store.ts'
import { attempt } from '../core/lib/maybe.ts'
import { once, wasUsed } from '../core/token/once.ts'
import { hasType, readText } from './_http.ts'
import { isNotReadYet } from './_issuer-keys.ts'
import { type LogoutToken, type TokenRefusal, verifyLogoutToken } from './back-channel-logout/logout-token.ts'
import { type LogoutProvider, toProvider } from './back-channel-logout/provider.ts'
import { createProviderLogins } from './back-channel-logout/provider-logins.ts'

export type { TokenRefusal } from './back-channel-logout/logout-token.ts'
export type { LogoutProvider } from './back-channel-logout/provider.ts'

/** A request that ended no session. */
export interface RefusedLogout {
  /**
   * `method`, `content-type`, `too-large`: the request is none of the protocol. `unavailable`: the store or the provider's keys could
   * not be reached, or the request broke off, and the provider was asked to try again. Otherwise: what is wrong with the token.
   */
  readonly reason: TokenRefusal | 'method' | 'content-type' | 'too-large' | 'unavailable'
  /** Why the provider was asked to try again. */
  readonly error?: unknown
  /** The provider that the token names; `null` if it names none of `providers`. Anybody can name it, unless the signature was good. */
  readonly issuer: string | null
}

export interface BackChannelLogoutOptions {
  /** What `createSessions` returned. Its store must not lose writes. */
  readonly sessions: { readonly store: Store; revoke(id: string, reason?: string): Promise<boolean> }
  readonly providers: readonly LogoutProvider[]
  /**
   * How long a login is remembered. A logout later than that ends no session, so it must be as long as the longest session. Default
   * `'30d'`.
   */
  readonly keep?: Duration
  /** How old a logout token may be. Default `'5m'`. */
  readonly maxAge?: Duration
  /** How far the provider's clock may be from ours. Default `'1m'`. */
  readonly clockTolerance?: Duration
  /** Receives each request that was refused. */
  readonly refused?: (refused: RefusedLogout) => unknown
  /** Also allows `http` URLs, for tests. Anybody on the network path can then replace the provider's keys. Default `false`. */
  readonly insecureHttp?: boolean
  /** Reads the provider's keys. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
  /** Returns milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number
}

/** What a provider said about a login: the claims of an ID token that was verified. Other claims are ignored. */
export interface LoginClaims {
  readonly iss: string
  readonly sub: string
  /** The provider's session. Without it, only a logout of all sessions of the user reaches this one. */
  readonly sid?: unknown
  /** When the ID token was made, in seconds. */
  readonly iat?: number | undefined
}

/** The result of `backChannelLogout`. */
export interface BackChannelLogout {
  /**
   * Logs the user in, and remembers the login for logout tokens. In place of `session.login`, once the ID token was verified. Throws
   * as `session.login` does; also `ERR_LOGIN_REFUSED` if the user has logged out at the provider meanwhile, and `ERR_OPTION` if the
   * claims are not those of a configured provider. When it throws, the user is not logged in.
   */
  login(session: Session<object>, userId: string, claims: LoginClaims, options?: LoginOptions): Promise<void>
  /** The endpoint, to which the provider posts logout tokens (`backchannel_logout_uri`): a function from a `Request` to a `Response`. */
  handler(request: Request): Promise<Response>
}

/** More than the largest logout token. */
const MAX_BYTES = 32_768

const KINDS = {
  sessions: 'any',
  providers: 'array',
  keep: 'any',
  maxAge: 'any',
  clockTolerance: 'any',
  refused: 'function',
  insecureHttp: 'boolean',
  fetch: 'function',
  clock: 'function',
} as const

/**
 * Ends sessions when their users log out at the identity provider, on every node. Needs the package `jose`. No session is opened or
 * begun by the endpoint, and it needs no cookie.
 *
 * ```ts
 * const atProvider = backChannelLogout({ sessions, providers: [{ issuer: 'https://id.example', clientId: 'shop' }] })
 * app.post('/back-channel-logout', toNodeHandler(atProvider.handler)) // before body parsers
 *
 * await atProvider.login(req.session, user.id, claims) // in place of req.session.login(user.id)
 * ```
 *
 * Sessions end with the reason `back-channel-logout`.
 *
 * @throws `ERR_OPTION` for an unknown or a wrong option, and for a store that may lose writes.
 */
export function backChannelLogout(options: BackChannelLogoutOptions): BackChannelLogout {
  checkOptions(options, KINDS, 'backChannelLogout')
  const { sessions, refused = () => undefined, clock = Date.now } = options
  assertSessions(sessions, 'backChannelLogout')
  const store: Store = sessions.store
  const lack = store.lacks?.['lost-update'] ?? store.lacks?.ended
  if (lack !== undefined) throw new SessionError('ERR_OPTION', `backChannelLogout needs another store: ${lack}`)
  const providers = toProviders(options, clock)
  const keepMs = toMs(options.keep ?? '30d', 'backChannelLogout: keep')
  const maxAgeMs = toMs(options.maxAge ?? '5m', 'backChannelLogout: maxAge')
  const toleranceMs = toMs(options.clockTolerance ?? '1m', 'backChannelLogout: clockTolerance')
  const logins = createProviderLogins(store, clock)

  async function remember(session: Session<object>, claims: LoginClaims, absolute?: Duration): Promise<void> {
    const { iss, sub, sid, iat } = claims
    const longestMs = Math.max(keepMs, absolute === undefined ? 0 : toMs(absolute, 'login: absolute'))
    const login = {
      issuer: iss,
      subject: sub,
      sid: typeof sid === 'string' ? sid : null,
      issuedAt: iat ?? Math.floor(clock() / 1000),
    }
    if (await logins.add(login, session.id, clock() + longestMs)) return
    throw new SessionError('ERR_LOGIN_REFUSED', 'You have logged out at the identity provider meanwhile. Log in again.')
  }

  /** A provider may send a token twice. The second one ends nothing, and gets the same answer. */
  async function act(token: LogoutToken): Promise<void> {
    const key = `logout token ${JSON.stringify([token.issuer, token.jti])}`
    if (await wasUsed(store, key, clock)) return
    for (const id of await logins.find(token)) await sessions.revoke(id, 'back-channel-logout')
    // Last, because after a failure the provider may try again.
    await once(store, key, token.until, clock)
  }

  function refuse(refusal: RefusedLogout, status = 400): Response {
    // The provider's answer does not depend on a log.
    attempt(
      () => refused(refusal),
      () => undefined,
    )
    return answer(refusal.reason, status)
  }

  return {
    async login(session, userId, claims, loginOptions = {}) {
      assertClaims(claims, providers)
      await session.login(userId, loginOptions)
      try {
        await remember(session, claims, loginOptions.absolute)
      } catch (error) {
        await session.logout()
        throw error
      }
    },
    async handler(request) {
      if (request.method !== 'POST') return refuse({ reason: 'method', issuer: null }, 405)
      if (!hasType(request, 'application/x-www-form-urlencoded'))
        return refuse({ reason: 'content-type', issuer: null })
      try {
        const body = await readText(request, MAX_BYTES)
        if (body === null) return refuse({ reason: 'too-large', issuer: null }, 413)
        const [text, ...others] = new URLSearchParams(body).getAll('logout_token')
        if (text === undefined || others.length > 0) return refuse({ reason: 'malformed', issuer: null })
        const verdict = await verifyLogoutToken(text, providers, { now: clock(), maxAgeMs, toleranceMs })
        if ('refusal' in verdict) return refuse({ reason: verdict.refusal, issuer: verdict.issuer })
        await act(verdict.token)
        return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })
      } catch (error) {
        const reason = isNotReadYet(error) ? 'signature' : 'unavailable'
        return refuse({ reason, issuer: null, error }, 503)
      }
    },
  }
}

function toProviders(options: BackChannelLogoutOptions, clock: () => number) {
  const { providers, insecureHttp = false } = options
  if (!Array.isArray(providers) || providers.length === 0) {
    throw new SessionError('ERR_OPTION', 'backChannelLogout: providers must be a list with at least one provider.')
  }
  const reach = {
    caller: 'backChannelLogout',
    insecureHttp,
    clock,
    fetch: options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args)),
  }
  const all = providers.map((one: LogoutProvider, index) =>
    toProvider(one, `backChannelLogout: providers[${index}]`, reach),
  )
  if (new Set(all.map(({ issuer }) => issuer)).size === all.length) return all
  throw new SessionError('ERR_OPTION', 'backChannelLogout: an issuer is there twice. Write its client ids as a list.')
}

function assertClaims({ iss, sub }: LoginClaims, providers: readonly { readonly issuer: string }[]): void {
  if (typeof sub === 'string' && sub !== '' && providers.some(({ issuer }) => issuer === iss)) return
  throw new SessionError(
    'ERR_OPTION',
    'backChannelLogout: login needs the claims of an ID token of a configured provider.',
  )
}

const MESSAGES: Readonly<Record<RefusedLogout['reason'], string>> = {
  method: 'Send the logout token with POST.',
  'content-type': 'Send a form (application/x-www-form-urlencoded).',
  'too-large': 'The request is too large.',
  malformed: 'The request needs one logout_token, a signed JWT.',
  issuer: 'The issuer is not known here.',
  type: 'The typ of the token is not logout+jwt.',
  algorithm: 'The algorithm of the token is not accepted.',
  signature: 'No key of the issuer made the signature of the token.',
  audience: 'The token is for another client.',
  time: 'The token has expired, or is too old, or lacks iat or exp.',
  event: 'The token lacks the event of a logout.',
  nonce: 'A logout token has no nonce.',
  claims: 'The token lacks jti, or has neither sub nor sid.',
  unavailable: 'The logout could not be done now. Try again.',
}

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const
const MORE_HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  405: { allow: 'POST' },
  503: { 'retry-after': '1' },
}

function answer(reason: RefusedLogout['reason'], status: number): Response {
  const error = status === 503 ? 'temporarily_unavailable' : 'invalid_request'
  const body = JSON.stringify({ error, error_description: MESSAGES[reason] })
  return new Response(body, { status, headers: { ...HEADERS, ...MORE_HEADERS[status] } })
}
