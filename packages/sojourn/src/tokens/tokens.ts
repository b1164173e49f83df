/**
 * Signed access tokens for one's own services: the session's own token is the refresh token.
 * @module sojourn/tokens
 */
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import type { Duration } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { JsonValue } from '../core/contracts/json.ts'
import type { Refusal, Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { defined } from '../core/lib/maybe.ts'
import { type Holder, holderOf, NOBODY, openRefresh, revokeByToken, storeLimit } from '../core/request/access-tokens.ts'
import { createNonce } from '../core/token/secrets.ts'
import { toId } from '../core/token/token.ts'
import { demandUrl } from '../events/webhooks/url.ts'
import type { Bus } from '../stores/around/near-cache/bus.ts'
import { type AccessVerdict, createJudge, type VerifyOptions } from './_judge.ts'
import { type Audience, type Grant, type IssueOptions, judgeWish, toServices, type Wanted, WRONG } from './_services.ts'
import { createLedger } from './ends/ledger.ts'
import { ENDS_TYPE, toListClaims } from './ends/list.ts'
import { assertCarries, toUserMark } from './ends/marks.ts'
import { ALGORITHMS, assertTokenKeys, createSigner, type TokenKey, type TokenKeySource } from './keys/keys.ts'
import { demandLimit, narrow, type TokenLimit, toLimit } from './limit.ts'

export type { Bus } from '../stores/around/near-cache/bus.ts'
export type { AccessToken } from './_claims.ts'
export type { AccessRefusal, AccessVerdict, VerifyOptions } from './_judge.ts'
export type { Audience, Grant, IssueOptions } from './_services.ts'
export { withAccessTokens } from './carrier.ts'
export type { TokenAlgorithm, TokenKey, TokenKeySource } from './keys/keys.ts'
export type { ManagedKeys, ManagedKeysOptions } from './keys/managed.ts'
export { type StoreKeysOptions, storeKeys } from './keys/store-keys.ts'
export type { TokenLimit } from './limit.ts'

export interface TokensOptions {
  /** The `iss` of the tokens: the URL of this server, as services know it. */
  readonly issuer: string
  /** JSON Web Keys (the first one signs, all are published), or `storeKeys` or `fileKeys`. */
  readonly keys: readonly TokenKey[] | TokenKeySource
  /** The services, by the `aud` of their tokens, which is a URL as a rule. */
  readonly audiences: Readonly<Record<string, Audience>>
  /** How long an access token lives, at most an hour. Default `'5m'`. */
  readonly life?: Duration | undefined
  /** The `client_id` where `issue` and `limit` name none. Default: the issuer. */
  readonly clientId?: string | undefined
  /** The scopes that a user may have at a service now. Asked for each token. Default: all that the service knows. */
  readonly scopesOf?: ((grant: Grant) => MaybePromise<readonly string[]>) | undefined
  /** Claims of your own, such as a tenant. Everybody who sees the token can read them. Default: none. */
  readonly claimsOf?: ((grant: Grant) => MaybePromise<Readonly<Record<string, JsonValue>>>) | undefined
  /** Tells verifiers at once which sessions ended. It may be the bus of a near cache. Default: they ask for the list. */
  readonly bus?: Bus | undefined
  /** Also allows an `http` issuer, for tests. Default `false`. */
  readonly insecureHttp?: boolean | undefined
  /** Returns milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: (() => number) | undefined
}

export interface RefreshOptions extends IssueOptions {
  /** The request that brought the token, for guards. Default: a request of which nothing is known. */
  readonly view?: RequestView | undefined
}

/** An access token that was made. */
export interface IssuedToken {
  readonly accessToken: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly audience: string
  readonly scopes: readonly string[]
}

/** Why nothing was issued for a refresh token. */
export type RefreshRefusal =
  /** Why the token of the session was refused, as in `session.refused`. */
  | Exclude<Refusal, 'ambiguous'>
  /** Nobody is logged in on this session. */
  | 'anonymous'
  /** The session belongs to another client. */
  | 'client'
  /** There is no such service, or the session has no access to it. */
  | 'audience'
  /** The scope is larger than that of the session. */
  | 'scope'

/** What `refresh` resolves with. */
export type Refreshed =
  | (IssuedToken & {
      readonly refusal: null
      /** What the client uses from now on. `null`: it keeps what it has. */
      readonly refreshToken: string | null
    })
  | { readonly refusal: RefreshRefusal }

/** The result of `createTokens`. */
export interface Tokens {
  readonly issuer: string
  /**
   * Makes an access token for the session of a request. The client must have presented the session's own token.
   *
   * @throws `ERR_NOT_AUTHENTICATED`; `ERR_VOUCHED` if an access token opened the session; `ERR_OPTION` for an audience or a scope that
   * the session cannot have.
   */
  issue(session: Session<object>, options?: IssueOptions): Promise<IssuedToken>
  /**
   * Limits all later access tokens of this session. Another call can only narrow it further. Call it at the login of an app, before
   * it gets the token of its session.
   *
   * @throws `ERR_NOT_AUTHENTICATED`, `ERR_VOUCHED`, `ERR_OPTION`, `ERR_SESSION_ENDED`, `ERR_STORE`.
   */
  limit(session: Session<object>, limit: TokenLimit): Promise<void>
  /**
   * Makes an access token for a client that presents the token of its session, and replaces that token. The same old token always
   * leads to the same new one until the client has used the new one, so an answer that was lost costs nothing. Throws `ERR_STORE`.
   */
  refresh(refreshToken: string, options?: RefreshOptions): Promise<Refreshed>
  /** Judges an access token here, where the store is. Rejects with `ERR_STORE`, or `ERR_CARRIER` if the keys cannot be read. */
  verify(
    accessToken: string,
    options?: VerifyOptions & { readonly audience?: string | undefined },
  ): Promise<AccessVerdict>
  /**
   * With the token of a session: ends the session, and so all of its access tokens. With an access token: ends only that one. Resolves
   * once the end is stored and published, with `false` for a text that is none of ours. With `clientId`, tokens that belong to
   * another client are left alone.
   */
  revoke(token: string, options?: { readonly clientId?: string | undefined }): Promise<boolean>
  /**
   * Judges a token for a service that asks about it: also one that is bound to a key, whose proof the service checks itself
   * (RFC 9449, 6.2). Rejects as `verify` does.
   */
  introspect(accessToken: string, audience: string): Promise<AccessVerdict>
  /** The public keys (RFC 7517). Publish them for the verifiers. */
  jwks(): Promise<{ readonly keys: readonly object[] }>
  /** The signed list of what has ended since this time (ms since the epoch), for verifiers. Default: since a token can live. */
  ends(since?: number): Promise<string>
  /** The names of the services. */
  readonly audiences: readonly string[]
}

const KINDS = {
  issuer: 'string',
  keys: 'any',
  audiences: 'object',
  life: 'any',
  clientId: 'string',
  scopesOf: 'function',
  claimsOf: 'function',
  bus: 'object',
  insecureHttp: 'boolean',
  clock: 'function',
} as const
const ISSUE = { audience: 'string', scope: 'any', clientId: 'string', confirmation: 'object' } as const

const TOLERANCE_MS = 5000
/** What `claimsOf` cannot replace. */
const OWN_CLAIMS = [
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'sid', 'auth_time', 'amr', 'acr', 'scope', 'cnf'],
  ...['act', 'may_act'],
]

/**
 * Signed access tokens (RFC 9068) for services of your own. They live for minutes and are verified without a store
 * (`createVerifier`), and still stop within a second when their session ends.
 *
 * ```ts
 * const tokens = createTokens(sessions, {
 *   issuer: 'https://shop.example',
 *   keys: storeKeys(store, { secrets: [process.env.TOKEN_SECRET ?? ''] }),
 *   audiences: { 'https://api.shop.example': { scopes: ['orders:read', 'orders:write'] } },
 * })
 * const { accessToken } = await tokens.issue(req.session, { scope: 'orders:read' })
 * ```
 *
 * Needs the package `jose`. Call it in each process that ends sessions, so that their ends are noted.
 *
 * @throws `ERR_OPTION` for an unknown or wrong option.
 */
export function createTokens<Data extends object>(sessions: Sessions<Data>, options: TokensOptions): Tokens {
  assertSessions(sessions, 'createTokens')
  checkOptions(options, KINDS, 'createTokens')
  const { issuer, keys, clock = Date.now, clientId: defaultClient = issuer, scopesOf, claimsOf, bus = null } = options
  demandUrl(issuer, 'createTokens: issuer', options.insecureHttp ?? false)
  assertCarries(bus, 'createTokens')
  const services = toServices(options.audiences, options.life ?? '5m')
  const terms = { services, defaultClient, scopesOf }
  const ours = sessions as unknown as Sessions<object>
  const signer = createSigner(toSource(keys))
  const lifeMs = Math.max(...[...services.values()].map((service) => service.lifeMs))
  const ledger = createLedger(ours, { lifeMs: lifeMs + 2 * TOLERANCE_MS, clock, bus })
  const judging = {
    caller: 'createTokens',
    issuer,
    algorithms: ALGORITHMS,
    keys: signer.keys,
    maxLifeMs: lifeMs,
    toleranceMs: TOLERANCE_MS,
    clock,
    ends: ledger,
  }
  const judges = new Map([...services.keys()].map((name) => [name, createJudge({ ...judging, audience: [name] })]))
  const judgeAny = createJudge({ ...judging, audience: [...services.keys()] })
  // Whoever ends a token need not hold its key.
  const judgeOwn = createJudge({ ...judging, audience: [...services.keys()], ignoresProof: true })

  async function make({ session, userId }: Holder, wanted: Wanted): Promise<IssuedToken> {
    const { service } = wanted
    const sessionId = session.id
    ledger.warm()
    // Nothing that this process knows to have ended.
    const cut = ledger.memory.cutOf([sessionId, toUserMark(userId)])
    if (cut === Number.POSITIVE_INFINITY) throw new SessionError('ERR_SESSION_ENDED')
    const now = clock()
    // A cut refuses what was issued in its second, so what comes after it is of the next.
    const iat = Math.max(Math.floor(now / 1000), cut)
    const exp = Math.floor(Math.min(now + service.lifeMs, session.expiresAt.getTime()) / 1000)
    const { authenticatedAt, methods, assurance } = session
    const grant: Grant = { userId, sessionId, clientId: wanted.clientId, audience: service.name }
    const claims = {
      ...toOwnClaims((await claimsOf?.(grant)) ?? {}),
      iss: issuer,
      sub: userId,
      aud: service.name,
      client_id: wanted.clientId,
      iat,
      exp,
      jti: toId(createNonce()),
      sid: sessionId,
      ...defined({
        auth_time: authenticatedAt === null ? undefined : Math.floor(authenticatedAt.getTime() / 1000),
        amr: methods.length === 0 ? undefined : methods,
        acr: assurance ?? undefined,
        scope: wanted.scopes.length === 0 ? undefined : wanted.scopes.join(' '),
        cnf: wanted.confirmation,
      }),
    }
    const accessToken = await signer.sign(claims, 'at+jwt')
    return {
      accessToken,
      issuedAt: new Date(now),
      expiresAt: new Date(exp * 1000),
      audience: service.name,
      scopes: wanted.scopes,
    }
  }

  return {
    issuer,
    audiences: [...services.keys()],

    async issue(session, wish = {}) {
      checkOptions(wish, ISSUE, 'issue')
      const holder = holderOf(session)
      const wanted = await judgeWish(terms, holder, wish)
      if (typeof wanted === 'string') throw new SessionError('ERR_OPTION', `issue: ${WRONG[wanted]}`)
      return make(holder, wanted)
    },

    async limit(session, limit) {
      const given = demandLimit(limit, [...services.values()])
      holderOf(session)
      await storeLimit(session, (text) => JSON.stringify(narrow(toLimit(text), given)))
    },

    async refresh(refreshToken, { view = NOBODY, ...wish } = {}) {
      checkOptions(wish, ISSUE, 'refresh')
      if (typeof refreshToken !== 'string') return { refusal: 'malformed' }
      const opened = await openRefresh(ours, refreshToken, view)
      if ('refused' in opened) return { refusal: opened.refused as RefreshRefusal }
      const wanted = await judgeWish(terms, opened.holder, wish)
      if (typeof wanted === 'string') return { refusal: wanted }
      const renewed = await opened.renew()
      if (renewed === null) return { refusal: 'ended' }
      const issued = await make(opened.holder, wanted)
      return { ...issued, refusal: null, refreshToken: renewed.token }
    },

    async verify(accessToken, { audience, ...wanted } = {}) {
      const judge = audience === undefined ? judgeAny : judges.get(audience)
      if (judge === undefined) throw new SessionError('ERR_OPTION', `verify: ${WRONG.audience}`)
      return judge(accessToken, wanted)
    },

    async introspect(accessToken, audience) {
      const verdict = await judgeOwn(accessToken)
      // What is not for this service does not exist for it (RFC 7662, 2.2).
      return verdict.token?.audience.includes(audience) === false ? { token: null, refusal: 'audience' } : verdict
    },

    async revoke(token, { clientId } = {}) {
      if (typeof token !== 'string') return false
      if (!token.includes('.')) {
        const isAllowed = (limit: string | null): boolean =>
          clientId === undefined || (toLimit(limit).clientId ?? defaultClient) === clientId
        const hasEnded = await revokeByToken(ours, token, isAllowed)
        await ledger.settled()
        return hasEnded
      }
      const { token: found, refusal } = await judgeOwn(token)
      if (found === null) return refusal === 'revoked'
      if (clientId !== undefined && found.clientId !== clientId) return false
      ledger.note(found.id)
      await ledger.settled()
      return true
    },

    jwks: signer.jwks,

    async ends(since = 0) {
      await ledger.known(0)
      return signer.sign(toListClaims(ledger.memory, issuer, Math.max(0, Math.floor(since) || 0), clock()), ENDS_TYPE)
    },
  }
}

function toSource(keys: TokensOptions['keys']): TokenKeySource {
  if ('read' in Object(keys)) return keys as TokenKeySource
  assertTokenKeys(keys as readonly TokenKey[])
  return { read: () => keys as readonly TokenKey[] }
}

function toOwnClaims(claims: Readonly<Record<string, JsonValue>>): Readonly<Record<string, JsonValue>> {
  const taken = OWN_CLAIMS.find((name) => Object.hasOwn(claims, name))
  if (taken !== undefined) throw new SessionError('ERR_OPTION', `createTokens: claimsOf must not set ${taken}.`)
  return claims
}
