import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { demandAlgorithms, type KeySet, type Reach, toIssuerKeys } from '../_issuer-keys.ts'

/** An identity provider whose logout tokens are accepted. */
export interface LogoutProvider {
  /** The `iss` of its tokens, exactly as the provider writes it. */
  readonly issuer: string
  /** Your `client_id` there, the `aud` of its tokens. Several if this application has several. */
  readonly clientId: string | readonly string[]
  /** Where its public keys are. Default: `jwks_uri` of `<issuer>/.well-known/openid-configuration`. */
  readonly jwksUri?: string
  /** The algorithms that it may sign with. Default: `RS256`, `PS256`, `ES256`, `EdDSA` and their longer forms. Never `none` or `HS256`. */
  readonly algorithms?: readonly string[]
  /**
   * Also accepts tokens whose header has no `typ`, or `JWT` instead of `logout+jwt`, as providers sent before 2022. Another kind of
   * token of this provider is then refused because of its claims only. Default `false`.
   */
  readonly insecureAnyType?: boolean
  /** Also accepts tokens without `exp`, as providers sent before 2022. They expire `maxAge` after `iat`. Default `false`. */
  readonly insecureNoExpiry?: boolean
}

export interface Provider extends Required<Omit<LogoutProvider, 'clientId' | 'jwksUri'>> {
  readonly clientIds: readonly string[]
  /** Finds the key of a token. */
  readonly keys: KeySet
}

const KINDS = {
  issuer: 'string',
  clientId: 'any',
  jwksUri: 'string',
  algorithms: 'array',
  insecureAnyType: 'boolean',
  insecureNoExpiry: 'boolean',
} as const

export function toProvider(given: LogoutProvider, where: string, reach: Reach): Provider {
  checkOptions(given, KINDS, where)
  const { issuer, clientId } = given
  const clientIds = typeof clientId === 'string' ? [clientId] : clientId
  const isList = Array.isArray(clientIds) && clientIds.length > 0
  if (!isList || !clientIds.every((id) => typeof id === 'string' && id !== '')) {
    throw new SessionError('ERR_OPTION', `${where}: clientId must be a text, or a list of texts.`)
  }
  return {
    issuer,
    clientIds,
    algorithms: demandAlgorithms(given.algorithms, where),
    insecureAnyType: given.insecureAnyType ?? false,
    insecureNoExpiry: given.insecureNoExpiry ?? false,
    keys: toIssuerKeys(given, where, reach),
  }
}
