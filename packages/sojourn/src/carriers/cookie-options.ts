import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { OTHERS } from '../core/contracts/other-options.ts'

interface CookieBasics {
  /**
   * Which requests from other sites carry the cookie. `'lax'` (default): only links that the user follows. `'strict'`: none.
   * `'none'`: all of them, for an application that is embedded in other sites; then only the cross-origin guard protects against
   * forged requests.
   */
  readonly sameSite?: 'lax' | 'strict' | 'none'
  /** Keeps a separate cookie for each site that embeds this one (CHIPS). Useful with `sameSite: 'none'`. Default `false`. */
  readonly partitioned?: boolean
  /** Called once per reason, with the reason and the fix, if browsers are going to drop the cookie. Default `console.warn`. */
  readonly warn?: (message: string) => void
}

/** The default and the strongest form: only this host, over HTTPS, can set the cookie. */
export interface HostCookie extends CookieBasics {
  /** Default `__Host-session`. */
  readonly name?: `__Host-${string}`
  readonly path?: '/'
  readonly domain?: undefined
  readonly insecureNoPrefix?: undefined
  readonly insecureOverHttp?: undefined
}

/** For a part of a host, or for several hosts of one domain. Any of them can set the cookie. */
export interface SecureCookie extends CookieBasics {
  /** Default `__Secure-session`. */
  readonly name?: `__Secure-${string}` | `__Http-${string}`
  /**
   * Default `/`. A path does not protect the cookie from scripts of other paths: give separate applications separate hosts (ASVS
   * 5.0 3.5.4).
   */
  readonly path?: string
  /** `example.com`: the cookie is sent to this domain and to all of its subdomains. Default: to this host only. */
  readonly domain?: string
  readonly insecureNoPrefix?: undefined
  readonly insecureOverHttp?: undefined
}

/**
 * A name without a prefix, for software that already expects this name. A sibling domain, or an attacker on plain HTTP, can plant
 * such a cookie.
 */
export interface UnprefixedCookie extends CookieBasics {
  readonly name: string
  readonly path?: string
  readonly domain?: string
  readonly insecureNoPrefix: true
  readonly insecureOverHttp?: undefined
}

/** No `Secure` attribute, for a network without HTTPS. Anyone on the network path can take the session over. */
export interface HttpCookie extends CookieBasics {
  readonly sameSite?: 'lax' | 'strict'
  readonly partitioned?: false
  /** Default `session`. */
  readonly name?: string
  readonly path?: string
  readonly domain?: string
  readonly insecureNoPrefix?: true
  readonly insecureOverHttp: true
}

/** Defaults: `Path=/`, `Secure`, `HttpOnly` and `SameSite=Lax`. `HttpOnly` is always set (ASVS 5.0 3.3.4). */
export type CookieOptions = HostCookie | SecureCookie | UnprefixedCookie | HttpCookie

/** All attributes. Browsers treat two cookies as the same if name, path, domain and partition are equal. */
export interface CookieForm {
  readonly name: string
  readonly path: string
  readonly domain: string | null
  readonly secure: boolean
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly partitioned: boolean
}

const KINDS: OptionKinds<CookieOptions> = {
  name: 'string',
  path: 'string',
  domain: 'any',
  sameSite: ['lax', 'strict', 'none'],
  partitioned: 'boolean',
  warn: 'function',
  insecureNoPrefix: 'boolean',
  insecureOverHttp: 'boolean',
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
const PREFIX = /^__(?:Host-Http|Host|Secure|Http)-/
const ANY_CASE_PREFIX = new RegExp(PREFIX, 'i')
/** Leaves room for any token within the 4096 bytes that browsers allow for name and value. */
const MAX_NAME_CHARACTERS = 256
const MAX_ATTRIBUTE_CHARACTERS = 1024

/**
 * Checks the options and fills in the defaults. Throws `ERR_OPTION` with the fix if browsers would drop the cookie, or if it is
 * unsafe.
 */
export function toCookieForm(options: CookieOptions): CookieForm {
  checkOptions(options, KINDS, 'cookie', OTHERS)
  const { domain = null, path = '/', sameSite = 'lax', partitioned = false } = options
  const secure = options.insecureOverHttp !== true
  const form = { name: options.name ?? defaultName(secure, domain, path), path, domain, secure, sameSite, partitioned }
  demandName(form, options.insecureNoPrefix === true)
  demand(isCookiePath(path), 'its path must begin with "/" and be ASCII without ";"')
  demand(
    domain === null || isCookieDomain(domain),
    'its domain must look like "example.com": lower case, no leading dot, no port, no IP address',
  )
  demand(
    secure || (sameSite !== 'none' && !partitioned),
    "sameSite: 'none' and partitioned need Secure: remove insecureOverHttp",
  )
  return form
}

function defaultName(secure: boolean, domain: string | null, path: string): string {
  if (!secure) return 'session'
  return domain === null && path === '/' ? '__Host-session' : '__Secure-session'
}

function demandName({ name, secure, domain, path }: CookieForm, noPrefix: boolean): void {
  const bare = toUnprefixed(name)
  // Browsers apply the rules of `__Host-` to `__host-` too, but servers compare names case-sensitively.
  const isName = TOKEN.test(name) && name.length <= MAX_NAME_CHARACTERS && bare !== '' && !ANY_CASE_PREFIX.test(bare)
  demand(isName, 'its name must be an HTTP token, with the prefix spelled exactly: "__Host-session"')
  if (name === bare) {
    // ASVS 5.0 3.3.1.
    demand(
      !secure || noPrefix,
      `name it "__Host-${name}", or set insecureNoPrefix: true and accept that others can plant it`,
    )
    return
  }
  demand(secure, `"${name}" needs Secure: name it "${bare}", or remove insecureOverHttp`)
  const isHost = name.startsWith('__Host-')
  demand(
    !isHost || (domain === null && path === '/'),
    `"${name}" takes no domain and no path: name it "__Secure-${bare}", or remove them`,
  )
}

export function toUnprefixed(name: string): string {
  return name.replace(PREFIX, '')
}

/** RFC 6265bis `path-value` in ASCII, beginning with `/`. */
export function isCookiePath(path: string): boolean {
  return path.length <= MAX_ATTRIBUTE_CHARACTERS && /^\/[ -:<-~]*$/.test(path)
}

/** A host name of two labels or more. An address has no subdomains and takes no `Domain`. */
export function isCookieDomain(domain: string): boolean {
  if (typeof domain !== 'string' || domain.length > 253 || !/[a-z]/.test(domain.slice(domain.lastIndexOf('.'))))
    return false
  const labels = domain.split('.')
  return labels.length > 1 && labels.every((label) => /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/.test(label))
}

function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new SessionError('ERR_OPTION', `The session cookie: ${message}.`)
}
