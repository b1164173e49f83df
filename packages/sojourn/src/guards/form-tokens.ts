import type { CookieOptions } from '../carriers/cookie-options.ts'
import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import type { Answer, Guard, Incoming, Sight } from '../core/contracts/guard.ts'
import type { Session } from '../core/contracts/session.ts'
import { toUtf8 } from '../core/lib/bytes.ts'
import { isHandshake } from '../core/lib/view.ts'
import { assertNotSent, deny, sightOf, unlock } from '../core/request/for-handlers.ts'
import { createNonce } from '../core/token/secrets.ts'
import { equalText, macOf } from '../core/token/token.ts'
import { NO_CACHE } from './_no-cache.ts'
import { demandPath, matches, SAFE_METHODS } from './_unsafe-requests.ts'
import { createVisitorKeys } from './_visitor-keys.ts'

export interface FormTokensOptions {
  /**
   * The cookie of visitors who are not logged in. Give it the `sameSite`, `partitioned` and `insecureOverHttp` of the session's
   * cookie. Default: `__Host-form-tokens`, with `SameSite=Lax`.
   */
  readonly cookie?: CookieOptions
  /**
   * Paths that need no token: `/webhooks/stripe`, or `/webhooks/*` for all paths below, as in `crossOrigin`. Their handlers must
   * not act for the session's user. Default: none.
   */
  readonly insecureExemptPaths?: readonly string[]
}

/** The guard, and the two functions that handlers call. */
export interface FormTokensGuard extends Guard {
  /**
   * Returns a token for a page of this session: for the field `_csrf` of a form, or for the header `x-csrf-token` of a script. It
   * consists of letters, digits, `-` and `_`. Each call returns another one. All are valid, any number of times, until the user
   * logs in or out.
   *
   * Call it only for pages that use it: no cache keeps them, and a visitor without a session gets a cookie.
   *
   * @throws `ERR_HEADERS_SENT` if the response has begun, and `ERR_NO_HEADERS` if it has to set the cookie and cannot.
   */
  token(session: Session<object>): string
  /**
   * Checks the field `_csrf` of a form, and lets handlers use the session. Call it for all routes, after the body was parsed and
   * before handlers: `body` is what the parser made, an object, a `FormData` or `URLSearchParams`. Does nothing if the request needs no token, or
   * has one in its header.
   *
   * @throws `ERR_DENIED` (403) if the token is missing, or not one of this session.
   */
  assert(session: Session<object>, body: unknown): void
}

/** What the guard remembers of a request. */
interface Seen {
  /** The request needs a token, whatever a method override makes of it. */
  readonly needs: boolean
  isProven: boolean
}

/**
 * Synchronizer tokens: a request that changes something must repeat a text from a page of the same session (ASVS 5.0 3.5.1). For
 * applications that cannot rely on the cross-origin check alone.
 *
 * A script sends the token in a header, and the guard refuses the request if it is missing or wrong. A form sends it in its body,
 * which is parsed later: until `assert` has checked it, using the session throws `ERR_DENIED`.
 *
 * Tokens are made with a key that is derived from the session's own token, so nothing is stored, and a login or logout makes all
 * of them invalid. Before a login, the key is in a cookie. Half of each token is random, so compression reveals nothing (BREACH).
 *
 * ```ts
 * const forms = formTokens()
 * const sessions = createSessions({ guards: [forms] })
 *
 * app.use(expressSessions(sessions))
 * app.use((req, _res, next) => {
 *   forms.assert(req.session, req.body)
 *   next()
 * })
 * app.get('/transfer', (req, res) => {
 *   res.send(`<form method="post"><input type="hidden" name="_csrf" value="${forms.token(req.session)}">...</form>`)
 * })
 * ```
 *
 * @throws `ERR_OPTION` if a path is not in its plain form, or browsers would drop the cookie.
 */
export function formTokens(options: FormTokensOptions = {}): FormTokensGuard {
  checkOptions(options, { cookie: 'object', insecureExemptPaths: 'array' }, 'formTokens')
  const exemptPaths = options.insecureExemptPaths?.map((path) => demandPath(path, 'insecureExemptPaths')) ?? []
  const visitors = createVisitorKeys('form-tokens', options.cookie)
  const requests = new WeakMap<RequestView, Seen>()
  const pages = new WeakSet<RequestView>()

  function needsToken({ view, carrier }: Incoming): boolean {
    // A browser cannot add a header to a handshake. The cross-origin check judges it.
    if (!carrier.ambient || SAFE_METHODS.includes(view.method) || isHandshake(view)) return false
    return !exemptPaths.some((pattern) => matches(pattern, view.url))
  }

  /** Returns the other half of the token that begins with this text. `key`: of a visitor. */
  function macFor(sight: Sight, salt: string, key: string | null): string | null {
    const own = sight.userId === null ? null : sight.mac(salt)
    if (own !== null || key === null) return own
    return macOf(toUtf8(key), `${salt} ${sight.userId === null ? '' : sight.id}`)
  }

  function isValid(sight: Sight, text: string): boolean {
    const [, salt = '', given = ''] = TOKEN.exec(text) ?? []
    const mac = salt === '' ? null : macFor(sight, salt, visitors.read(sight.view))
    return mac !== null && equalText(mac, given)
  }

  const guard: FormTokensGuard = {
    name: 'form-tokens',
    joined: visitors.joined,

    opened(sight) {
      const { view } = sight
      if (!needsToken(sight)) return null
      const text = headerOf(view)
      if (text === null && !isForm(view)) return { answer: MISSING }
      if (text !== null && !isValid(sight, text)) return { answer: WRONG }
      requests.set(view, { needs: true, isProven: text !== null })
      return text === null ? { lock: UNCHECKED } : null
    },

    leaving({ view }, did) {
      const keys = did === 'login' ? visitors.clear(view) : visitors.write(view)
      return pages.has(view) ? [...keys, ...NO_CACHE] : keys
    },

    token(session) {
      const sight = sightOf(session, guard)
      assertNotSent(session, guard)
      const salt = createNonce()
      const mac = macFor(sight, salt, null) ?? macFor(sight, salt, visitors.need(sight.view))
      pages.add(sight.view)
      return `${salt}${mac}`
    },

    assert(session, body) {
      const sight = sightOf(session, guard)
      const seen = requests.get(sight.view) ?? { needs: needsToken(sight), isProven: false }
      // Also if it fails now: an error page may show who is logged in.
      unlock(session, guard)
      if (!seen.needs || seen.isProven) return
      const text = headerOf(sight.view) ?? fieldOf(body)
      if (text === null) deny(session, guard, MISSING)
      if (!isValid(sight, text)) deny(session, guard, WRONG)
      requests.set(sight.view, { ...seen, isProven: true })
    },
  }
  return guard
}

/** Each half is canonical base64url: 16 random bytes, and a MAC of 32. */
const TOKEN = /^([\w-]{22})([\w-]{43})$/

/** An empty header is none: a page may have been rendered without a token. */
function headerOf(view: RequestView): string | null {
  return view.header('x-csrf-token') || null
}

/** What HTML forms send. `text/plain` is not among them, because no parser finds a field in it. */
const FORM = /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i

function isForm(view: RequestView): boolean {
  return FORM.test(view.header('content-type') ?? '')
}

function fieldOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null
  const { get } = body as { readonly get?: unknown }
  const value =
    typeof get === 'function' ? get.call(body, FIELD) : Object.hasOwn(body, FIELD) && Reflect.get(body, FIELD)
  return typeof value === 'string' && value !== '' ? value : null
}

const FIELD = '_csrf'

const MISSING: Answer = {
  status: 403,
  reason: 'form-token-missing',
  message:
    'The request has no form token. Reload the page and try again. Developers: send forms.token(session) in the field _csrf of a form, or in the header x-csrf-token, and call forms.assert after the body was parsed.',
}

const WRONG: Answer = {
  status: 403,
  reason: 'form-token-wrong',
  message:
    'The page is out of date: you logged in or out after it was loaded, or its cookies were deleted. Reload the page and try again.',
}

const UNCHECKED =
  'The token of this form was not checked. Call forms.assert(session, body) before using the session, after the body was parsed.'
