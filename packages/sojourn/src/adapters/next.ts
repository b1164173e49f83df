import { headers } from 'next/headers.js'
import { connection } from 'next/server.js'
import type { OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { assertHandler, checkArguments } from './_check-arguments.ts'
import { holdResponse } from './_hold-response.ts'
import { sendCookies } from './_next-cookies.ts'
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

const KINDS: OptionKinds<NextOptions> = { trustProxy: 'any' }

/**
 * Sessions for route handlers and for the proxy of Next.js (App Router). What Next.js passes after the request follows the session.
 *
 * ```ts
 * // app/login/route.ts
 * import { withSession } from 'sojourn/next'
 * import { sessions } from '../../sessions'
 *
 * export const POST = withSession(sessions, async (request, session) => {
 *   await session.login('ada')
 *   return Response.redirect(new URL('/', request.url), 303)
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
    const key = await requestKey()
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
      sessions.attach(key, session)
      try {
        return await handler(request, session, ...rest)
      } catch (error) {
        // Next's own response would have the cookie on a redirect only, and no header that keeps it out of caches.
        const steered = toSteered(error)
        if (steered === null) throw error
        return steered
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
  return async (...args) => {
    const key = await requestKey()
    if (sessions.has(key)) return action(sessions.get(key), ...args)
    const exchange = await sessions.open(await toView('POST', true, options))
    const { answer, session } = exchange
    if (answer !== null) {
      await commit(exchange, answer.status)
      throw new SessionError('ERR_DENIED', answer.message)
    }
    sessions.attach(key, session)
    try {
      const result = await action(session, ...args)
      await commit(exchange)
      return result
    } catch (error) {
      if (toSteered(error) !== null) await commit(exchange)
      else await sendCookies(exchange.salvage())
      throw error
    }
  }
}

async function commit(exchange: Exchange<object>, status?: number): Promise<void> {
  await sendCookies(await exchange.commit(status))
  await exchange.finish(true)
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
  const key = await requestKey()
  const present = attached(sessions, key)
  if (present !== null) return toReadonly(present, ELSEWHERE)
  const begun = key.reads.get(sessions) ?? read(sessions, options)
  key.reads.set(sessions, begun)
  return begun as Promise<ReadonlySession<Data>>
}

async function read<Data extends object>(
  sessions: Sessions<Data>,
  options: NextOptions,
): Promise<ReadonlySession<Data>> {
  const exchange = await sessions.open(await toView('GET', false, options))
  // Stores when the session was seen. The view lets no token out.
  await exchange.commit()
  await exchange.finish(true)
  if (exchange.answer !== null) throw new SessionError('ERR_DENIED', exchange.answer.message)
  return toReadonly(exchange.session, ELSEWHERE)
}

const ELSEWHERE =
  'A server component cannot set a cookie. Change the session in a server action (withActionSession) or a route handler (withSession).'

function attached<Data extends object>(sessions: Sessions<Data>, key: object): Session<Data> | null {
  try {
    return sessions.get(key)
  } catch {
    return null
  }
}

/** One request. */
interface RequestKey {
  /** What its components read, by the sessions. */
  readonly reads: Map<object, Promise<unknown>>
}

/** Next makes one object for the headers of a request, which its components and its action share. */
const keys = new WeakMap<object, RequestKey>()

async function requestKey(): Promise<RequestKey> {
  // Prerenders and prefetches stop here: what they keep would outlive the session.
  await connection()
  const shown = await headers()
  // A forced static page or route is rendered without a request, for everybody.
  if (shown.keys().next().done === true) throw new SessionError('ERR_MISUSE', STATIC)
  const key = keys.get(shown) ?? { reads: new Map() }
  keys.set(shown, key)
  return key
}

const STATIC =
  "This page or route is made once for all visitors (dynamic = 'force-static'), so it has no session. Remove that setting, or read the session elsewhere."

async function toView(method: string, canSetHeaders: boolean, { trustProxy }: NextOptions): Promise<NextView> {
  // Next shows neither path nor method here.
  return new NextView({ method, url: '/', headers: await headers(), canSetHeaders }, trustProxy)
}

/**
 * The response that Next makes in a route handler if it calls `redirect()`, `notFound()` or a relative; `null` for an error that
 * is a failure. Next's own test for it (`unstable_rethrow`) is in one file with hooks for browsers, which a route handler cannot
 * load from a package.
 */
function toSteered(error: unknown): Response | null {
  const { digest } = (error ?? {}) as { digest?: unknown }
  const [kind, ...parts] = typeof digest === 'string' ? digest.split(';') : []
  // NEXT_HTTP_ERROR_FALLBACK;404
  if (kind === 'NEXT_HTTP_ERROR_FALLBACK') return new Response(null, { status: Number(parts[0]) })
  if (kind !== 'NEXT_REDIRECT') return null
  // NEXT_REDIRECT;replace;/path;a=1;307;
  return new Response(null, { status: Number(parts.at(-2)), headers: { location: parts.slice(1, -2).join(';') } })
}
