import type { Carrier, HeaderChange } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Token } from '../core/contracts/record.ts'
import type { Session } from '../core/contracts/session.ts'
import { issueToken } from '../core/request/issue.ts'

/** A carrier for clients that keep their token themselves: apps, command line programs, scripts of a page. */
export interface ScriptCarrier extends Carrier {
  /**
   * Resolves with the token for the body of this response: after a login the new one, otherwise the successor of the token that the
   * client presents on this carrier. The presented one stays valid until the client uses the successor, so a lost response logs
   * nobody out.
   *
   * @throws `ERR_NOT_AUTHENTICATED` if nobody logged in and the client presents no live token here, `ERR_CONTENTION` if another
   * request of the client received a newer one, `ERR_HEADERS_SENT`, `ERR_STORE`.
   */
  issue(session: Session<object>): Promise<Token>
}

/** What a client reads in place of a token when it must delete its own. No token has this form. */
const NONE = 'none'
const TOKEN = /^[\w-]+$/
/** A field name in lower case (RFC 9110, section 5.1). */
const NAME = /^[a-z\d][a-z\d!#$%&'*+.^_`|~-]{0,99}$/

/** Completes a carrier whose tokens go to the client in a response header of this name, which scripts of other origins may read. */
export function forScripts(carrier: Pick<Carrier, 'name' | 'place' | 'vary' | 'read'>, header: string): ScriptCarrier {
  const shown: HeaderChange = { name: 'access-control-expose-headers', value: header, how: 'append' }
  const send = (value: string): readonly HeaderChange[] => [{ name: header, value, how: 'replace' }, shown]
  const whole: ScriptCarrier = {
    ...carrier,
    ambient: false,
    write(_, token) {
      if (!TOKEN.test(token))
        throw new SessionError('ERR_OPTION', 'The token must be text of letters, digits, - and _.')
      return send(token)
    },
    clear: () => send(NONE),
    issue: (session) => issueToken(session, whole),
  }
  return whole
}

/** Returns the name in lower case. Throws `ERR_OPTION` if it is not a field name, or has another meaning already. */
export function demandHeader(name: string, isTaken: RegExp, where: string): string {
  const lower = String(name).toLowerCase()
  if (NAME.test(lower) && !isTaken.test(lower)) return lower
  throw new SessionError('ERR_OPTION', `${where} needs a header name of its own, such as "x-session".`)
}

/** Names that have a meaning in a response. */
export const RESPONSE_FIELDS: RegExp =
  /^(?:set-cookie|cookie|vary|location|date|server|age|etag|expires|connection|keep-alive|te|trailer|upgrade|transfer-encoding|www-authenticate|authorization|clear-site-data|strict-transport-security|referrer-policy|x-(?:accel|forwarded)-.*|(?:content|access-control|proxy|sec)-.*|.*cache-control)$/
/**
 * Names that a request has anyway, or that pages of other origins can send without asking first (CORS-safelisted), or that scripts
 * cannot set.
 */
export const REQUEST_FIELDS: RegExp =
  /^(?:accept|accept-.*|range|host|origin|referer|user-agent|via|dnt|forwarded|expect|if-.*|x-requested-with|x-real-ip|x-http-method.*|x-method-override|save-data|dpr|viewport-width|width|downlink|ect|rtt)$/
