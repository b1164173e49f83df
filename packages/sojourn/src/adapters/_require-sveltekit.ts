import type { Duration } from '../core/contracts/duration.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { toOwnResponse, toResponse } from './_answer.ts'
import { PageView } from './_page-view.ts'
import {
  assuranceRequirement,
  freshRequirement,
  methodsRequirement,
  type RequireFreshOptions,
  type Requirement,
  type RequireUserOptions,
  type StepUpOptions,
  userRequirement,
} from './_require.ts'
import { VARY } from './_require-answer.ts'

/** What the adapter uses of SvelteKit's `RequestEvent`. */
export interface SvelteKitEvent {
  readonly request: Request
  readonly url: URL
  readonly locals: object
  readonly isDataRequest: boolean
  getClientAddress(): string
}

/** A `handle` of SvelteKit, for `hooks.server.ts` and for `sequence`. */
export type SvelteKitHandle = <Event extends SvelteKitEvent>(input: {
  readonly event: Event
  readonly resolve: (event: Event) => MaybePromise<Response>
}) => Promise<Response>

/**
 * Only users who are signed in reach what it handles. Browsers are redirected to `signIn` and come back; other clients get 401.
 *
 * ```ts
 * // src/hooks.server.ts
 * import { sequence } from '@sveltejs/kit/hooks'
 * import { requireUser, type SvelteKitHandle, svelteKitSessions } from 'sojourn/sveltekit'
 *
 * const account = requireUser({ signIn: '/sign-in' })
 * const protect: SvelteKitHandle = async ({ event, resolve }) =>
 *   event.url.pathname.startsWith('/account') ? account({ event, resolve }) : resolve(event)
 *
 * export const handle = sequence(svelteKitSessions(sessions), protect)
 * ```
 *
 * @throws `ERR_OPTION` if a path is not one of this application.
 */
export function requireUser(options?: RequireUserOptions): SvelteKitHandle {
  return toHandle(userRequirement(options))
}

/**
 * Only users who proved their identity within this time reach what it handles (`authenticatedWithin`). Browsers of others are
 * redirected to `confirm` and come back. Other clients get 403, or, with a bearer token, 401 with the challenge of RFC 9470. A
 * proof that a guard distrusts does not count. Visitors who are not signed in are handled as by `requireUser`.
 *
 * @throws `ERR_OPTION` for an invalid time, or if a path is not one of this application.
 */
export function requireFresh(age: Duration, options?: RequireFreshOptions): SvelteKitHandle {
  return toHandle(freshRequirement(age, options))
}

/**
 * Only sessions whose `assurance` is this level, or one of these levels, reach what it handles. Of `aal1`, `aal2` and `aal3` (NIST
 * SP 800-63B), a higher one counts too; other levels must be equal. Others are handled as by `requireFresh`, with `stepUp` as the
 * page.
 *
 * @throws `ERR_OPTION` if a level is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireAssurance(level: string | readonly string[], options?: StepUpOptions): SvelteKitHandle {
  return toHandle(assuranceRequirement(level, options))
}

/**
 * Only sessions whose `methods` include all of these (`amr`, RFC 8176) reach what it handles. Others are handled as by
 * `requireAssurance`.
 *
 * @throws `ERR_OPTION` if a method is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireMethods(methods: readonly string[], options?: StepUpOptions): SvelteKitHandle {
  return toHandle(methodsRequirement(methods, options))
}

function toHandle(requirement: Requirement): SvelteKitHandle {
  return async ({ event, resolve }) => {
    const answer = requirement(
      attachedTo(event.locals),
      event.isDataRequest ? new PageView(event.request, event.url) : undefined,
    )
    if (answer === null) return resolve(event)
    const response = toActionResult(event, toResponse(toOwnResponse(answer)), answer.body)
    for (const { name, value } of VARY) response.headers.append(name, value)
    return response
  }
}

/** `use:enhance` sends a form by script, and obeys a redirect only in SvelteKit's own form. */
function toActionResult({ request }: SvelteKitEvent, response: Response, body = '{}'): Response {
  if (request.headers.get('x-sveltekit-action') !== 'true') return response
  const { page } = JSON.parse(body) as { page?: string }
  if (page === undefined) return response
  const { status, headers } = response
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify({ type: 'redirect', status: 303, location: page }), { status, headers })
}
