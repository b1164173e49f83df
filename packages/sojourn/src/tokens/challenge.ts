import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { INSUFFICIENT_AUTHENTICATION, toChallengeHeader } from '../core/lib/challenge.ts'
import type { AccessRefusal, VerifyOptions } from './_judge.ts'

/** What a service wants of a token, and says in its challenge. */
export interface ChallengeOptions extends Omit<VerifyOptions, 'proof'> {
  /** The URL of the service's metadata (RFC 9728, 5.1). Default: not named. */
  readonly resourceMetadata?: string | undefined
}

/** The answer to a request whose access token was refused. */
export interface Challenge {
  readonly status: 401 | 403
  /** The value of the header `WWW-Authenticate`. */
  readonly header: string
}

/**
 * Tells a client why its access token was refused, and what to get in its place (RFC 6750, 3; RFC 9470, 3). `refusal`: `null` if the
 * request had no token. Pass the options that `verify` got.
 *
 * ```ts
 * const wanted = { scope: 'orders:write', maxAge: '10m' } as const
 * const { token, refusal } = await verifier.verify(text, wanted)
 * if (token === null) {
 *   const { status, header } = toChallenge(refusal, wanted)
 *   return new Response(null, { status, headers: { 'www-authenticate': header } })
 * }
 * ```
 *
 * @throws `ERR_OPTION` for a word that a header cannot hold.
 */
export function toChallenge(refusal: AccessRefusal | null, wanted: ChallengeOptions = {}): Challenge {
  const { resourceMetadata } = wanted
  const parameters = {
    ...parametersOf(refusal, wanted),
    ...(resourceMetadata !== undefined && { resource_metadata: resourceMetadata }),
  }
  for (const value of Object.values(parameters)) assertQuotable(value)
  return { status: refusal === 'scope' ? 403 : 401, header: toChallengeHeader('Bearer', parameters) }
}

/** RFC 6750, 3.1: no error for a request without a token. RFC 9470, 3: always 401, with what the next login must be. */
function parametersOf(refusal: AccessRefusal | null, wanted: ChallengeOptions): Readonly<Record<string, string>> {
  const { scope, maxAge, assurance } = wanted
  if (refusal === null) return {}
  if (refusal === 'scope') return { error: 'insufficient_scope', ...(scope !== undefined && { scope: wordsOf(scope) }) }
  if (refusal !== 'proof-too-old' && refusal !== 'assurance-too-low') return { error: 'invalid_token' }
  return {
    error: INSUFFICIENT_AUTHENTICATION,
    ...(maxAge !== undefined && { max_age: secondsOf(maxAge) }),
    ...(assurance !== undefined && { acr_values: wordsOf(assurance) }),
  }
}

function secondsOf(maxAge: Duration): string {
  return String(Math.floor(toMs(maxAge, 'toChallenge: maxAge') / 1000))
}

function wordsOf(words: string | readonly string[]): string {
  return typeof words === 'string' ? words : words.join(' ')
}

function assertQuotable(value: string): void {
  if (/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/.test(value)) return
  throw new SessionError(
    'ERR_OPTION',
    'toChallenge: scope, assurance and resourceMetadata are ASCII without quotes and backslashes.',
  )
}
