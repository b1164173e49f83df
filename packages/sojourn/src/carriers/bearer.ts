import type { Candidates, RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { demandHeader, forScripts, RESPONSE_FIELDS, type ScriptCarrier } from './_for-scripts.ts'

export type { ScriptCarrier } from './_for-scripts.ts'

export interface BearerOptions {
  /** The response header that gives the client a token. Default `session-token`. */
  readonly responseHeader?: string
}

/**
 * Carries the token in `Authorization: Bearer …` (RFC 6750), for apps, command line programs and APIs. No browser sends it by
 * itself, so such requests need no cross-origin check. The client gets its token from `issue`, or from the response header
 * `Session-Token`; `none` there means that it must delete its own. A client that never looks stays logged in: the token that it has
 * stays valid until it uses the next one, within the session's limits.
 *
 * ```ts
 * const bearer = bearerCarrier()
 * const sessions = createSessions({ carriers: [bearer, cookieCarrier()] })
 * app.post('/api/login', async (req, res) => {
 *   await req.session.login('ada')
 *   res.json({ token: await bearer.issue(req.session) })
 * })
 * ```
 *
 * Other schemes are left alone: a proxy's `Basic` beside a cookie, `DPoP`.
 *
 * @throws `ERR_OPTION` if `responseHeader` is not a header name, or has another meaning.
 */
export function bearerCarrier(options: BearerOptions = {}): ScriptCarrier {
  checkOptions(options, { responseHeader: 'string' }, 'bearerCarrier')
  const header = demandHeader(
    options.responseHeader ?? 'session-token',
    RESPONSE_FIELDS,
    'bearerCarrier: responseHeader',
  )
  return forScripts({ name: 'bearer', place: 'header authorization', vary: 'Authorization', read }, header)
}

const NOTHING: Candidates = { values: [], overflow: false }
const SCHEME = /^bearer(?: +|$)/i

/**
 * One header has one token. What follows the scheme is a candidate as it is, also nothing and a list: it presents something, so the
 * request does not fall back to another carrier.
 */
function read(view: RequestView): Candidates {
  const text = view.header('authorization') ?? ''
  const scheme = SCHEME.exec(text.slice(0, MOST_BLANKS))
  return scheme === null ? NOTHING : { values: [text.slice(scheme[0].length)], overflow: false }
}

/** The scheme and as many blanks as anybody writes. More of them become part of the text, which is then refused. */
const MOST_BLANKS = 16
