import type { OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { assertHandler, checkArguments } from './_check-arguments.ts'
import { holdResponse } from './_hold-response.ts'
import { runAction } from './_next-action.ts'
import { type CurrentRequest, currentHeaders, currentRequest } from './_next-request.ts'
import { toSteered } from './_next-steering.ts'
import { NextView } from './_next-view.ts'
import { otherFramework } from './_other-framework.ts'
import { type ReadonlySession, toReadonly } from './_readonly-session.ts'

export type { DeepReadonly, ReadonlySession } from './_readonly-session.ts'
export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { type RequireWrapper, requireAssurance, requireFresh, requireMethods, requireUser } from './_require-fetch.ts'
export { returnPath } from './_return-path.ts'

export interface NextOptions {
  /**
   * Behind a proxy: how many proxies' `X-Forwarded-For` and `X-Forwarded-Proto` to believe; `true`: all, which is safe only if no
   * client can reach Next.js without them. Default `false`: none, and the client's address is unknown, because Next.js shows no
   * socket.
   */
  readonly trustProxy?: boolean | number
}

const UNFETCHED = { status: 204, headers: { 'cache-control': 'no-store' } }

const KINDS: OptionKinds<NextOptions> = { trustProxy: 'any' }

/**
 * Sessions for route handlers and for the proxy of Next.js (App Router). What Next.js passes after the request follows the session.
 *
 * ```ts
 * // app/login/route.ts
 * import { withSession } from 'sojourn/next'
 * import { sessions } from '../../sessions'
 *
 * export const POST = withSession(sessions, async (_request, session) => {
 *   await session.login('ada')
 *   return new Response(null, { status: 303, headers: { location: '/' } })
 * })
 * ```
 *
 * The response is returned once the session is stored. If the store cannot answer, it is a 503. `redirect()`, `notFound()` and
 * their relatives work as without it, and the session is stored. Any other error drops the edits, as in `sojourn/fetch`.
 */
export function withSession<
  Data extends object,
  Incoming extends Request = Request,
  Rest extends readonly unknown[] = readonly [],
>(
  sessions: Sessions<Data>,
  handler: (request: Incoming, session: Session<Data>, ...rest: Rest) => MaybePromise<Response>,
  options: NextOptions = {},
): (request: Incoming, ...rest: Rest) => Promise<Response> {
  checkArguments('withSession', sessions, options, KINDS)
  assertHandler(handler, 'withSession')
  return async (request, ...rest) => {
    if (typeof request.headers?.get !== 'function') throw otherFramework('withSession', request)
    if (sessions.has(request)) return handler(request, sessions.get(request), ...rest)
    // Next fetches what a <Link> leads to ahead of time. Nobody has asked for it yet.
    if (request.headers.get('next-router-prefetch') !== null) return new Response(null, UNFETCHED)
    const { turns, sessions: current } = await currentRequest()
    const { method, url } = request
    const view = new NextView(
      {
        method,
        url: url.slice(url.indexOf('/', url.indexOf('://') + 3)),
        headers: request.headers,
        canSetHeaders: true,
      },
      options.trustProxy,
    )
    return holdResponse(sessions, view, async (session) => {
      sessions.attach(request, session)
      current.set(sessions, session)
      turns.set(sessions, { session: Promise.resolve(session), users: 1, async end() {} })
      try {
        return await handler(request, session, ...rest)
      } catch (error) {
        // Next's own response would have the cookie on a redirect only, and no header that keeps it out of caches.
        const steered = toSteered(error)
        if (steered === null) throw error
        return steered
      } finally {
        turns.delete(sessions)
      }
    })
  }
}

/**
 * The session for a server action. What the form or the caller passes follows the session. Next.js sends the cookie together with
 * the result, or with the redirect.
 *
 * ```ts
 * // app/actions.ts
 * 'use server'
 *
 * import { redirect } from 'next/navigation'
 * import { withActionSession } from 'sojourn/next'
 * import { sessions } from '../sessions'
 *
 * export const login = withActionSession(sessions, async (session, form: FormData) => {
 *   await session.login(String(form.get('name')))
 *   redirect('/')
 * })
 * ```
 *
 * @throws What the action throws, and `ERR_STORE` if the store cannot answer: Next.js shows the nearest `error.tsx`. `ERR_DENIED` if
 * a guard refuses the request.
 */
export function withActionSession<Data extends object, Args extends readonly unknown[], Result>(
  sessions: Sessions<Data>,
  action: (session: Session<Data>, ...args: Args) => MaybePromise<Result>,
  options: NextOptions = {},
): (...args: Args) => Promise<Result> {
  checkArguments('withActionSession', sessions, options, KINDS)
  assertHandler(action, 'withActionSession')
  return async (...args) => runAction(sessions, options.trustProxy, (session) => action(session, ...args))
}

/**
 * Resolves with the session, for server components and whatever they call: its facts and its data. It makes the component dynamic,
 * as `connection()` does. Called several times in one request, it reads the store once. After a server action in the same request it
 * shows what the action left.
 *
 * ```tsx
 * import { readSession } from 'sojourn/next'
 * import { sessions } from '../sessions'
 *
 * export default async function Page() {
 *   const { userId } = await readSession(sessions)
 *   return <p>{userId === null ? 'Signed out' : `Signed in as ${userId}`}</p>
 * }
 * ```
 *
 * A component cannot set a cookie, so a change throws `ERR_MISUSE`. Change the session in a server action or a route handler.
 *
 * @throws `ERR_STORE` if the store cannot answer: Next.js shows the nearest `error.tsx`. `ERR_DENIED` if a guard refuses the request.
 */
export async function readSession<Data extends object>(
  sessions: Sessions<Data>,
  options: NextOptions = {},
): Promise<ReadonlySession<Data>> {
  checkArguments('readSession', sessions, options, KINDS)
  const request = await currentRequest()
  const present = request.sessions.get(sessions) as Session<Data> | undefined
  if (present !== undefined) return toReadonly(present, ELSEWHERE)
  const begun = request.reads.get(sessions) ?? read(sessions, request, options)
  request.reads.set(sessions, begun)
  return begun as Promise<ReadonlySession<Data>>
}

async function read<Data extends object>(
  sessions: Sessions<Data>,
  request: CurrentRequest,
  { trustProxy }: NextOptions,
): Promise<ReadonlySession<Data>> {
  // Next shows neither path nor method here.
  const facts = { method: 'GET', url: '/', headers: await currentHeaders(request), canSetHeaders: false }
  const exchange = await sessions.open(new NextView(facts, trustProxy))
  // Stores when the session was seen. The view lets no token out.
  await exchange.commit()
  await exchange.finish(true)
  if (exchange.answer !== null) throw new SessionError('ERR_DENIED', exchange.answer.message)
  return toReadonly(exchange.session, ELSEWHERE)
}

const ELSEWHERE =
  'A server component cannot set a cookie. Change the session in a server action (withActionSession) or a route handler (withSession).'
