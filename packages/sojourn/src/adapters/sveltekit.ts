import type { OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { checkArguments } from './_check-arguments.ts'
import { FetchView } from './_fetch-view.ts'
import { holdResponse } from './_hold-response.ts'
import { otherFramework } from './_other-framework.ts'
import type { SvelteKitEvent, SvelteKitHandle } from './_require-sveltekit.ts'

export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export {
  requireAssurance,
  requireFresh,
  requireMethods,
  requireUser,
  type SvelteKitEvent,
  type SvelteKitHandle,
} from './_require-sveltekit.ts'
export { returnPath } from './_return-path.ts'

declare global {
  // biome-ignore lint/style/noNamespace: SvelteKit's own name
  namespace App {
    interface Locals {
      /** Its data has the type that the application declares for `SessionData`. `sessions.get(event)` is exactly typed. */
      session: Session
    }
  }
}

export interface SvelteKitOptions {
  /**
   * `building` of `$app/environment`. While SvelteKit prerenders pages, there is no visitor: reading `locals.session` then throws,
   * instead of storing one visitor's page for all of them. Default `false`.
   */
  readonly building?: boolean
}

const KINDS: OptionKinds<SvelteKitOptions> = { building: 'boolean' }

/**
 * Sessions for SvelteKit 2: `export const handle = svelteKitSessions(sessions)` in `src/hooks.server.ts`. The session is
 * `event.locals.session` in load functions, form actions, endpoints and remote functions of the server.
 *
 * The response is returned once the session is stored. If the store cannot answer, it is a 503. The scheme and the client's address
 * are those that SvelteKit's own adapter determines (`ORIGIN`, `PROTOCOL_HEADER` and `ADDRESS_HEADER` of adapter-node).
 */
export function svelteKitSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: SvelteKitOptions = {},
): SvelteKitHandle {
  checkArguments('svelteKitSessions', sessions, options, KINDS)
  const { building = false } = options
  return async (input) => {
    if (typeof input.resolve !== 'function') throw otherFramework('svelteKitSessions', input)
    const { event, resolve } = input
    const { locals, request } = event
    if (building) {
      Object.defineProperty(locals, 'session', { get: refuseWhileBuilding, configurable: true })
      return resolve(event)
    }
    // The sessions are mounted twice. Two exchanges would undo each other's cookies.
    if (sessions.has(locals)) return resolve(event)
    return holdResponse(sessions, new FetchView(request, false, () => addressOf(event)), (session) => {
      for (const target of [event, locals, request]) sessions.attach(target, session)
      Object.assign(locals, { session })
      return resolve(event)
    })
  }
}

function refuseWhileBuilding(): never {
  throw new SessionError(
    'ERR_NO_SESSION',
    'SvelteKit prerenders this page when the application is built, so it has no visitor and cannot set a cookie. Set `export const prerender = false` for the page, or read the session in an endpoint that the page fetches.',
  )
}

/** Some adapters of SvelteKit do not know the address, and throw. */
function addressOf(event: SvelteKitEvent): string | null {
  try {
    return event.getClientAddress()
  } catch {
    return null
  }
}
