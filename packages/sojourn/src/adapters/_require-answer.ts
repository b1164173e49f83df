import type { HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Answer } from '../core/contracts/guard.ts'
import { toChallengeHeader } from '../core/lib/challenge.ts'
import { hostOf } from '../core/lib/view.ts'
import type { HandlersRequest } from '../core/request/for-handlers.ts'
import { isOwnPath, returnPath, withoutQuery } from './_return-path.ts'

/** What a session lacks, and how each kind of client learns it. */
export interface Shortfall {
  readonly status: 401 | 403
  /** Stable word: `signed-out`. */
  readonly reason: string
  readonly message: string
  /** The page where the user can give what is missing. */
  readonly page: string | undefined
  /** Members that the problem details (RFC 9457) add. */
  readonly wants: Readonly<Record<string, unknown>>
  /** Parameters of the bearer challenge (RFC 6750, RFC 9470). */
  readonly challenge: Readonly<Record<string, string>>
}

/** The answer depends on these. No cache keeps it, but some caches ignore `no-store`. */
export const VARY: readonly HeaderChange[] = ['Accept', 'Sec-Fetch-Mode', 'HX-Request'].map((value) => ({
  name: 'vary',
  value,
  how: 'append',
}))

/**
 * A browser that loads a page is redirected to `page`. htmx does the same for its header. Scripts and other clients would follow a
 * redirect and take the page for their result, so they get the reason as problem details, and bearer clients a challenge.
 */
export function answerShortfall(
  request: HandlersRequest,
  shortfall: Shortfall,
  returnTo: string | undefined,
  caller: string,
): Answer {
  const { view, carrier } = request
  if (isBearer(carrier)) return challenge(request, shortfall)
  const client = clientOf(view)
  const page = pageFor(request, client, shortfall, returnTo, caller)
  if (client === 'browser') {
    return page === null ? plain(shortfall) : { ...plain(shortfall), status: 303, headers: { location: page } }
  }
  return problem(request, shortfall, page, client === 'htmx' && page !== null ? { 'hx-redirect': page } : {})
}

type Client = 'browser' | 'htmx' | 'script'

function clientOf(view: RequestView): Client {
  if (view.header('hx-request') === 'true') return 'htmx'
  // Browsers send both. Node's own `fetch` sends the mode only, and it is no browser.
  const mode = view.header('sec-fetch-dest') === null ? null : view.header('sec-fetch-mode')
  if (mode !== null) return mode === 'navigate' ? 'browser' : 'script'
  // An old browser, or a page over plain HTTP.
  if (view.header('x-requested-with') !== null || view.header('upgrade') !== null) return 'script'
  return acceptsHtml(view.header('accept') ?? '') ? 'browser' : 'script'
}

/** Whether it names HTML itself. API clients send a range for all types. */
function acceptsHtml(accept: string): boolean {
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.toLowerCase().split(';')
    return type.trim() === 'text/html' && !parameters.some((each) => /^\s*q\s*=\s*0(\.0*)?\s*$/.test(each))
  })
}

/** Returns the page to send the user to, with the way back in its query. `null`: there is none. */
function pageFor(
  { view }: HandlersRequest,
  client: Client,
  { page }: Shortfall,
  returnTo: string | undefined,
  caller: string,
): string | null {
  if (page === undefined) return null
  const target = withoutQuery(page)
  const loads = client === 'browser' && (view.method === 'GET' || view.method === 'HEAD')
  if (loads && withoutQuery(view.url) === target) throw new SessionError('ERR_OPTION', loopText(caller, target))
  // Two pages that demand each other: the browser came from there, and would be sent back.
  if (loads && withoutQuery(wayBackIn(view.url)) === target) return null
  const back = returnTo ?? (loads ? view.url : sendingPageOf(view, client))
  if (!isOwnPath(back) || withoutQuery(back) === target) return page
  return `${page}${page.includes('?') ? '&' : '?'}returnTo=${encodeURIComponent(back)}`
}

function loopText(caller: string, target: string): string {
  return `${caller} protects ${target}, the page that it sends users to, so nobody could open it. Register that page before ${caller}, or without it.`
}

function wayBackIn(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? '' : returnPath(new URLSearchParams(url.slice(query)).get('returnTo'), '')
}

/**
 * Returns the path of the page that sent the request, if it is a page of this host: the address of the request is not one to load,
 * because it changes something, or answers with a part of a page.
 */
function sendingPageOf(view: RequestView, client: Client): string | null {
  const address = (client === 'htmx' ? view.header('hx-current-url') : null) ?? view.header('referer')
  try {
    const { host, pathname, search } = new URL(address ?? '')
    const isOurs = host === hostOf(view) || view.header('sec-fetch-site') === 'same-origin'
    return isOurs ? pathname + search : null
  } catch {
    return null
  }
}

function plain({ status, reason, message }: Shortfall): Answer {
  return { status, reason, message }
}

const TITLES = { 401: 'Unauthorized', 403: 'Forbidden' } as const

/** Problem details (RFC 9457). No scheme is registered for cookies, so the challenge names only what the application accepts. */
function problem(
  { carriers }: HandlersRequest,
  shortfall: Shortfall,
  page: string | null,
  more: Readonly<Record<string, string>>,
): Answer {
  const { status, reason, message, wants } = shortfall
  const challenges = status === 401 && carriers.some(isBearer) ? { 'www-authenticate': 'Bearer' } : {}
  return {
    status,
    reason,
    message,
    headers: { 'content-type': 'application/problem+json', ...challenges, ...more },
    body: JSON.stringify({
      title: TITLES[status],
      status,
      detail: message,
      reason,
      ...wants,
      ...(page !== null && { page }),
    }),
  }
}

/** The token travels in `Authorization`, whatever the carrier's name. */
function isBearer({ ambient, vary }: HandlersRequest['carrier']): boolean {
  return !ambient && vary.toLowerCase() === 'authorization'
}

/** RFC 9470, section 3: always 401. RFC 6750, section 3.1: no error if the client presented nothing. */
function challenge(request: HandlersRequest, shortfall: Shortfall): Answer {
  const { view, presents } = request
  const scheme = /^dpop\s/i.test(view.header('authorization') ?? '') ? 'DPoP' : 'Bearer'
  const parameters = presents ? { ...shortfall.challenge, error_description: shortfall.message } : {}
  return problem(request, { ...shortfall, status: 401 }, null, {
    'www-authenticate': toChallengeHeader(scheme, parameters),
  })
}
