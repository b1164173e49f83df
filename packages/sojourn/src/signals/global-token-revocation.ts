/**
 * Global Token Revocation (draft-parecki-oauth-global-token-revocation): another system ends all sessions of a user here, or is told
 * to end its own.
 * @module sojourn/signals/global-token-revocation
 */
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { attempt } from '../core/lib/maybe.ts'
import { toTiming, within } from '../stores/around/wrapper.ts'
import { hasType, readJson } from './_http.ts'
import { isNotReadYet } from './_issuer-keys.ts'
import {
  type RevocationCaller,
  type RevocationSubject,
  toCallers,
  toSubject,
} from './global-token-revocation/caller.ts'

export type { RevocationCaller, RevocationSubject } from './global-token-revocation/caller.ts'
export {
  type GlobalTokenRevocationSender,
  type GlobalTokenRevocationSenderOptions,
  globalTokenRevocationSender,
  type RevocationDrop,
  type RevocationEndpoint,
} from './global-token-revocation/sender.ts'

/** A request that ended no session. */
export interface RefusedRevocation {
  /** `method`, `content-type`, `body`: it is none of the protocol. `caller`: it proves nobody who may ask. `subject`: there is no such user. */
  readonly reason: 'method' | 'content-type' | 'body' | 'caller' | 'subject' | 'unavailable'
  /** The `name` of the caller, once it was proved. */
  readonly caller: string | null
  /** Why the caller was asked to try again. */
  readonly error?: unknown
}

export interface GlobalTokenRevocationOptions {
  /** What `createSessions` returned. */
  readonly sessions: { revokeAll(userId: string, options: { readonly reason: string }): Promise<number> }
  /** Who may ask. */
  readonly callers: readonly RevocationCaller[]
  /**
   * The user whom the caller names; `null` if there is none. It must only return users that this caller may log out, such as those of
   * its own tenant.
   */
  readonly userOf: (subject: RevocationSubject, caller: string) => MaybePromise<string | null | undefined>
  /** Receives each request that was refused. */
  readonly refused?: (refused: RefusedRevocation) => unknown
  /** Also allows `http` URLs, for tests. Anybody on the network path can then replace a caller's keys. Default `false`. */
  readonly insecureHttp?: boolean
  /** Reads the callers' keys. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
  /** Returns milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number
}

/** The result of `globalTokenRevocation`. */
export interface GlobalTokenRevocation {
  /** The endpoint (`global_token_revocation_endpoint`): a function from a `Request` to a `Response`. */
  handler(request: Request): Promise<Response>
}

const KINDS = {
  sessions: 'any',
  callers: 'array',
  userOf: 'function',
  refused: 'function',
  insecureHttp: 'boolean',
  fetch: 'function',
  clock: 'function',
} as const

const MAX_BYTES = 32_768
/** How long `userOf` may take. */
const USER_MS = 10_000

/**
 * Ends all sessions of a user, on every node, when a system that may ask posts `{"sub_id": {...}}` with a bearer token. Local
 * sessions end too. Identity providers call this Universal Logout.
 *
 * ```ts
 * const revocation = globalTokenRevocation({
 *   sessions,
 *   callers: [{ name: 'okta', issuer: 'https://acme.okta.com', audience: 'https://shop.example/global-token-revocation' }],
 *   userOf: (subject) => (subject.format === 'email' ? findUserByEmail(subject.email) : null),
 * })
 * app.post('/global-token-revocation', toNodeHandler(revocation.handler)) // before body parsers
 * ```
 *
 * Sessions end with the reason `global-token-revocation`.
 *
 * @throws `ERR_OPTION` for an unknown or a wrong option.
 */
export function globalTokenRevocation(options: GlobalTokenRevocationOptions): GlobalTokenRevocation {
  checkOptions(options, KINDS, 'globalTokenRevocation')
  const { sessions, userOf, refused = () => undefined } = options
  assertSessions(sessions, 'globalTokenRevocation')
  if (typeof userOf !== 'function') {
    throw new SessionError('ERR_OPTION', 'globalTokenRevocation: userOf must be a function.')
  }
  const timing = toTiming()
  const prove = toCallers(options.callers, {
    caller: 'globalTokenRevocation',
    insecureHttp: options.insecureHttp ?? false,
    clock: options.clock ?? Date.now,
    fetch: options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args)),
  })

  function refuse(
    reason: RefusedRevocation['reason'],
    caller: string | null,
    error?: unknown,
    answer = reason,
  ): Response {
    // The answer does not depend on a log.
    attempt(
      () => refused({ reason, caller, ...(error !== undefined && { error }) }),
      () => undefined,
    )
    const [status, word, description, headers] = ANSWERS[answer]
    return new Response(JSON.stringify({ error: word, error_description: description }), {
      status,
      headers: { ...HEADERS, ...headers },
    })
  }

  async function revoke(request: Request, caller: string): Promise<Response> {
    if (!hasType(request, 'application/json')) return refuse('content-type', caller)
    const subject = toSubject(await readJson(request, MAX_BYTES))
    if (subject === null) return refuse('body', caller)
    const userId = await within(USER_MS, timing, 'userOf', userOf(subject, caller))
    if (userId == null) return refuse('subject', caller)
    await sessions.revokeAll(userId, { reason: 'global-token-revocation' })
    return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
  }

  return {
    async handler(request) {
      if (request.method !== 'POST') return refuse('method', null)
      let caller: string | null = null
      try {
        caller = await prove(request.headers.get('authorization') ?? '')
        return caller === null ? refuse('caller', null) : await revoke(request, caller)
      } catch (error) {
        return refuse(isNotReadYet(error) ? 'caller' : 'unavailable', caller, error, 'unavailable')
      }
    },
  }
}

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const

const ANSWERS: Readonly<
  Record<RefusedRevocation['reason'], readonly [number, string, string, Readonly<Record<string, string>>]>
> = {
  method: [405, 'invalid_request', 'Send the subject with POST.', { allow: 'POST' }],
  'content-type': [400, 'invalid_request', 'Send JSON (application/json).', {}],
  body: [400, 'invalid_request', 'The body needs sub_id, a subject identifier (RFC 9493).', {}],
  caller: [401, 'invalid_token', 'The bearer token is missing, or not accepted.', { 'www-authenticate': 'Bearer' }],
  subject: [404, 'not_found', 'There is no such user.', {}],
  unavailable: [
    503,
    'temporarily_unavailable',
    'The sessions could not be ended now. Try again.',
    { 'retry-after': '1' },
  ],
}
