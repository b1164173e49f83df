import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Answer, Guard } from '../core/contracts/guard.ts'
import { hostOf } from '../core/lib/host.ts'
import { CROSS_SITE, HIDDEN_ORIGIN, otherHost } from './cross-origin-answers.ts'
import { isRead } from './read-request.ts'

export interface CrossOriginOptions {
  /**
   * Other origins whose pages may use the session: `https://admin.example`, `http://localhost:5173`, exactly as
   * browsers write them in `Origin`, without a path. Default: none.
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * Paths that any page may post to: `/webhooks/stripe`, or with all below them: `/webhooks/*`. Nothing behind them may
   * act for the session's user. Compared with the path as received, case by case; a path that is not in its plain form
   * (`..`, `//`, percent-encoding, ...) is never exempt. Default: none.
   */
  readonly insecureExemptPaths?: readonly string[]
}

/**
 * Refuses requests that a page of another origin makes in the user's name (CSRF), by what browsers say of a request and
 * pages cannot change: `Sec-Fetch-Site`, or `Origin` from browsers before 2023. The algorithm of Go 1.25's
 * `http.CrossOriginProtection`; answers ASVS 5.0 3.5.1 and 3.5.3. No tokens, no state.
 *
 * Handshakes of WebSockets are checked like a POST. What changes anything must not be a GET. Other hosts of the same site count as strangers, for one of them may be taken over.
 *
 * @throws `ERR_OPTION` when an origin is not written as browsers write it, or a path is not in its plain form.
 */
export function crossOriginGuard(options: CrossOriginOptions = {}): Guard {
  checkOptions(options, { trustedOrigins: 'array', insecureExemptPaths: 'array' }, 'crossOrigin')
  const trustedOrigins = new Set(options.trustedOrigins?.map(demandOrigin))
  const exemptPaths = options.insecureExemptPaths?.map(demandPath) ?? []

  function unlessExempt(answer: Answer, view: RequestView): Answer | null {
    const isExempt =
      trustedOrigins.has(view.header('origin') ?? '') || exemptPaths.some((pattern) => matches(pattern, view.url))
    return isExempt ? null : answer
  }

  return {
    name: 'cross-origin',
    check({ view, carrier }) {
      // A token that a script has to send is proof that the page could read it.
      if (!carrier.ambient || isRead(view)) return null

      const site = view.header('sec-fetch-site')
      // Our own page; or the user themselves, by the address bar or a bookmark.
      if (site === 'same-origin' || site === 'none') return null
      // `cross-site` and `same-site`; what a browser may yet come to say is not known to be safe either.
      if (site !== null && site !== '') return unlessExempt(CROSS_SITE, view)

      const origin = view.header('origin')
      // No browser leaves both out of a cross-origin request that is not safe: this is no browser, and has no user to deceive.
      if (origin === null || origin === '') return null
      // The scheme is not compared, for a proxy may have ended TLS: a page on plain HTTP of this very host passes, unless HSTS rules it out.
      // `null`, the origin of sandboxed frames and other pages that hide theirs, has no host and never passes.
      if (isSameHost(origin, hostOf(view))) return null
      return unlessExempt(origin === 'null' ? HIDDEN_ORIGIN : otherHost(origin, view), view)
    },
  }
}

/** Browsers leave the scheme's usual port out of `Origin`; proxies may write it into `Host`. */
function isSameHost(origin: string, host: string): boolean {
  const [scheme, authority = ''] = origin.toLowerCase().split(/:\/\/(.*)/s)
  if (authority === '') return false
  const usualPort = scheme === 'http' ? ':80' : ':443'
  return authority === host || `${authority}${usualPort}` === host
}

/** Segments of unreserved characters: the one form in which no server sees another path than we do. */
const PLAIN_PATH = /^(?:\/[\w~.-]+)*\/?$/
const DOT_SEGMENT = /\/\.\.?(?:\/|$)/

function isPlain(path: string): boolean {
  return path.startsWith('/') && PLAIN_PATH.test(path) && !DOT_SEGMENT.test(path)
}

/** `pattern` is plain but for the `*` at its end, so an equal path is plain too. */
function matches(pattern: string, url: string): boolean {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  return pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) && isPlain(path) : path === pattern
}

function demandPath(pattern: string): string {
  if (pattern !== '/*' && isPlain(pattern.endsWith('/*') ? pattern.slice(0, -1) : pattern)) return pattern
  throw new SessionError(
    'ERR_OPTION',
    'insecureExemptPaths: write "/webhooks/stripe", or "/webhooks/*" for all below; letters, digits and -._~ only.',
  )
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

/** As browsers write it, or `null` for what no browser writes. `null` itself cannot be trusted: any page can send it. */
function toOrigin(text: string): string | null {
  try {
    // `URL` gives an origin to the web's schemes only; applications bring their own (`capacitor://localhost`).
    const written = /^https?:/i.test(text) ? new URL(text).origin : text
    return ORIGIN.test(written) ? written : null
  } catch {
    return null
  }
}
