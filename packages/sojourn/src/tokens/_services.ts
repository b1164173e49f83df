import { checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import type { Holder } from '../core/request/access-tokens.ts'
import { toScopes } from './_claims.ts'
import { type TokenLimit, toLimit } from './limit.ts'

/** A service that takes access tokens. */
export interface Audience {
  /** The scopes that it knows. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /** How long its tokens live, at most an hour. Default: `life` of `createTokens`. */
  readonly life?: Duration | undefined
}

/** For whom an access token is about to be made. */
export interface Grant {
  readonly userId: string
  readonly sessionId: string
  readonly clientId: string
  readonly audience: string
}

export interface IssueOptions {
  /** The service. It can be left out if there is one only. */
  readonly audience?: string | undefined
  /** The scopes, as text with blanks between them or as a list. Default: all that the session may have there. */
  readonly scope?: string | readonly string[] | undefined
  readonly clientId?: string | undefined
  /** The key that the sender must hold (`cnf`): `{ jkt: '<thumbprint>' }`. Default: none, a bearer token. */
  readonly confirmation?: Readonly<Record<string, string>> | undefined
}

export interface Service {
  readonly name: string
  readonly scopes: readonly string[]
  readonly lifeMs: number
}

/** What the application decided for all sessions. */
export interface Terms {
  readonly services: ReadonlyMap<string, Service>
  readonly defaultClient: string
  readonly scopesOf: ((grant: Grant) => MaybePromise<readonly string[]>) | undefined
}

/** What a client may have of what it asked for. */
export interface Wanted {
  readonly service: Service
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly confirmation: Readonly<Record<string, string>> | undefined
}

/** What is wrong, as a sentence. */
export const WRONG = {
  client: 'the session belongs to another client.',
  audience: 'name one of audiences to which the session has access.',
  scope: 'the session may not have this scope there.',
} as const

/** Returns what the session may have of what was asked for, or what is wrong with it. */
export async function judgeWish(
  { services, defaultClient, scopesOf }: Terms,
  { session, userId, limit: text }: Holder,
  wish: IssueOptions,
): Promise<Wanted | keyof typeof WRONG> {
  const limit = toLimit(text)
  const clientId = wish.clientId ?? limit.clientId ?? defaultClient
  if (limit.clientId !== undefined && limit.clientId !== clientId) return 'client'
  const service = serviceOf(services, limit, wish.audience)
  if (service === null) return 'audience'
  const grant: Grant = { userId, sessionId: session.id, clientId, audience: service.name }
  const now = scopesOf === undefined ? service.scopes : await scopesOf(grant)
  const allowed = service.scopes.filter((each) => now.includes(each) && (limit.scopes?.includes(each) ?? true))
  const { scope = allowed } = wish
  const scopes = typeof scope === 'string' ? toScopes(scope) : scope
  if (!scopes.every((each) => allowed.includes(each))) return 'scope'
  return { service, clientId, scopes: [...new Set(scopes)], confirmation: wish.confirmation }
}

function serviceOf(services: Terms['services'], { audiences }: TokenLimit, name: string | undefined): Service | null {
  const all = [...services.values()].filter((one) => audiences?.includes(one.name) ?? true)
  if (name === undefined) return all.length === 1 ? (all[0] ?? null) : null
  return all.find((one) => one.name === name) ?? null
}

const MAX_LIFE_MS = 3_600_000

export function toServices(
  audiences: Readonly<Record<string, Audience>>,
  life: Duration,
): ReadonlyMap<string, Service> {
  const all = Object.entries(audiences ?? {}).map(([name, audience]): Service => {
    const where = `createTokens: audiences[${JSON.stringify(name)}]`
    checkOptions(audience, { scopes: 'array', life: 'any' }, where)
    const { scopes = [] } = audience
    const lifeMs = toMs(audience.life ?? life, `${where}: life`)
    // RFC 6749, 3.3.
    const areScopes = scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(scope))
    if (name === '' || !areScopes || lifeMs < 1000 || lifeMs > MAX_LIFE_MS) {
      throw new SessionError(
        'ERR_OPTION',
        `${where} needs a name, scopes without blanks and quotes, and a life from 1s to 1h.`,
      )
    }
    return { name, scopes, lifeMs }
  })
  if (all.length === 0) throw new SessionError('ERR_OPTION', 'createTokens: audiences must name at least one service.')
  return new Map(all.map((service) => [service.name, service]))
}
