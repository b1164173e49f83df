import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Answer, Guard, Incoming } from '../core/contracts/guard.ts'
import { hostOf } from '../core/lib/view.ts'
import { demandPath, matches, SAFE_METHODS } from './_unsafe-requests.ts'

export interface CrossOriginOptions {
  /**
   * Other origins whose pages may use the session, written as browsers write them in `Origin`, without a path:
   * `https://admin.example`, `http://localhost:5173`. Default: none.
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * Paths that any page may post to: `/webhooks/stripe`, or `/webhooks/*` for all paths below. Handlers of these paths must not
   * act for the session's user. The guard compares the path as received, case-sensitively. A path that is not in its plain form
   * (`..`, `//`, percent-encoding, ...) is never exempt. Default: none.
   */
  readonly insecureExemptPaths?: readonly string[]
  /**
   * Also refuses requests that change something and name no origin, with neither `Sec-Fetch-Site` nor `Origin`: for APIs that only
   * browsers use. Other clients with a session's cookie must then send `Origin`. Default `false`, because every browser names one.
   */
  readonly requireOrigin?: boolean
}

/** A guard that needs no other moment and always answers at once. */
export interface CrossOriginGuard extends Guard {
  check(incoming: Incoming): Answer | null
}

/**
 * Refuses requests that a page of another origin makes in the user's name (CSRF). It reads headers that browsers set and pages
 * cannot change: `Sec-Fetch-Site`, or `Origin` from browsers before 2023. The algorithm is that of Go 1.25's
 * `http.CrossOriginProtection`; it meets ASVS 5.0 3.5.1 and 3.5.3. It needs no anti-forgery tokens and keeps no state.
 *
 * WebSocket handshakes are checked like a POST. GET requests are not checked, so GET handlers must not change anything. Other
 * hosts of the same site count as foreign because an attacker may control one of them.
 *
 * `endpoints`: the paths that other guards answer (`Guard.endpoints`). They are exempt, because browsers send the requests of a
 * protocol for pages of other hosts too.
 *
 * @throws `ERR_OPTION` if an origin is not written as browsers write it, or a path is not in its plain form.
 */
export function crossOriginGuard(
  options: CrossOriginOptions = {},
  endpoints: readonly string[] = [],
): CrossOriginGuard {
  checkOptions(
    options,
    { trustedOrigins: 'array', insecureExemptPaths: 'array', requireOrigin: 'boolean' },
    'crossOrigin',
  )
  const trustedOrigins = new Set(options.trustedOrigins?.map(demandOrigin))
  const exemptPaths = [
    ...(options.insecureExemptPaths ?? []).map((path) => demandPath(path, 'insecureExemptPaths')),
    ...endpoints.map((path) => demandPath(path, 'endpoints of a guard')),
  ]

  function unlessExempt(answer: Answer, view: RequestView): Answer | null {
    const isExempt =
      trustedOrigins.has(view.header('origin') ?? '') || exemptPaths.some((pattern) => matches(pattern, view.url))
    return isExempt ? null : answer
  }

  return {
    name: 'cross-origin',
    check({ view, carrier }) {
      // A page that can add the token with a script has read it, so the request is not forged.
      if (!carrier.ambient || isRead(view)) return null

      const site = view.header('sec-fetch-site')
      // The request comes from our own page, the address bar or a bookmark.
      if (site === 'same-origin' || site === 'none') return null
      // `cross-site`, `same-site`, and any value that browsers may add later: an unknown value is not known to be safe.
      if (site !== null && site !== '') return unlessExempt(CROSS_SITE, view)

      const origin = view.header('origin')
      // A browser always sends one of the two with an unsafe cross-origin request. So this client is not a browser, and nobody
      // can trick it.
      if (origin === null || origin === '') return options.requireOrigin === true ? unlessExempt(NO_ORIGIN, view) : null
      // The scheme is not compared because a proxy may have terminated TLS. So a page on plain HTTP of this host passes, unless
      // HSTS rules that out. `null`, the origin of sandboxed frames and other pages that hide theirs, has no host and never
      // passes.
      if (isSameHost(origin, hostOf(view))) return null
      return unlessExempt(origin === 'null' ? HIDDEN_ORIGIN : otherHost(origin, view), view)
    },
  }
}

/** Browsers omit the scheme's default port from `Origin`, but proxies may write it into `Host`. */
function isSameHost(origin: string, host: string): boolean {
  const [scheme, authority = ''] = origin.toLowerCase().split(/:\/\/(.*)/s)
  if (authority === '') return false
  const usualPort = scheme === 'http' ? ':80' : ':443'
  return authority === host || `${authority}${usualPort}` === host
}

function demandOrigin(origin: string): string {
  const written = toOrigin(origin)
  if (written === origin) return origin
  throw new SessionError(
    'ERR_OPTION',
    `trustedOrigins: write an origin as browsers do: "${written ?? 'https://admin.example'}".`,
  )
}

const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/(?:[a-z\d.-]+|\[[\da-f:]+\])(?::\d+)?$/

/**
 * The origin as browsers write it, or `null` if no browser writes it. `null` itself cannot be trusted because any page can send
 * it.
 */
function toOrigin(text: string): string | null {
  try {
    // `URL` knows the origins of web schemes only, but applications bring their own (`capacitor://localhost`).
    const written = /^https?:/i.test(text) ? new URL(text).origin : text
    return ORIGIN.test(written) ? written : null
  } catch {
    return null
  }
}

/** Protocols that carry the same requests and responses. Some clients offer an upgrade to one of them with every request. */
const PLAIN_HTTP = /^\s*(?:h2c?|tls\/[\d.]+|http\/[\d.]+)?\s*$/i
/** Modes in which a browser gets one response. `websocket` and `webtransport` are not among them. */
const RESPONSE_MODES = /^(?:navigate|nested-navigate|same-origin|no-cors|cors)?$/

/**
 * Whether the method and headers show that the request only reads. A WebSocket handshake is a GET too, but a page of another
 * origin could then read and write on the connection as the user. HTTP/2 uses CONNECT for the handshake, which is not a safe
 * method.
 */
function isRead(view: RequestView): boolean {
  return (
    SAFE_METHODS.includes(view.method) &&
    (view.header('upgrade') ?? '').split(',').every((protocol) => PLAIN_HTTP.test(protocol)) &&
    RESPONSE_MODES.test(view.header('sec-fetch-mode') ?? '')
  )
}

const ADVICE =
  'Open this site and try again there. Developers: if you trust that page, add its origin to trustedOrigins.'

/** `Sec-Fetch-Site` reports that a page of another site made the request. */
const CROSS_SITE: Answer = deny(`a page of another site made this request. ${ADVICE}`)

/** `Origin` is `null`, so the origin of the page is unknown. */
const HIDDEN_ORIGIN: Answer = deny(
  'the browser hides which page made this request ("Origin: null"). Developers: a page of this site needs "Referrer-Policy: same-origin".',
)

/** `requireOrigin` refuses clients that do not say where they come from. */
const NO_ORIGIN: Answer = deny(
  'the request names no origin. Send it from a page of this site, or with an Origin header.',
)

/** `Origin` names a host other than the request's own. */
function otherHost(origin: string, view: RequestView): Answer {
  return deny(
    `a page of ${quoted(origin)} made this request to the host ${quoted(hostOf(view))}. ${ADVICE} If both are this site, configure the proxy to pass Host on with its port (nginx: proxy_set_header Host $http_host).`,
  )
}

function deny(cause: string): Answer {
  return { status: 403, reason: 'cross-origin', message: `Refused: ${cause}` }
}

/**
 * Characters that browsers and proxies write. The message does not repeat any other text, because a client can write anything.
 */
const PLAIN = /^[a-z\d.:/[\]+-]{1,100}$/i

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : 'a form that no browser sends'
}
