export interface SessionCookieOptions {
  /** Milliseconds until the cookie and the session expire. `null` (default): the cookie lives as long as the browser runs. */
  maxAge?: number | Date | null | undefined
  expires?: Date | null | undefined
  path?: string | undefined
  domain?: string | undefined
  httpOnly?: boolean | undefined
  /** `'auto'`: whether the request came over HTTPS. */
  secure?: boolean | 'auto' | undefined
  /** `true` is `'strict'`. `'auto'`: `'none'` over HTTPS, else `'lax'`. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
  partitioned?: boolean | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  originalMaxAge?: number | Date | null | undefined
}

/** The cookie of one session, `req.session.cookie`. It is stored with the session. */
export class Cookie {
  declare path: string
  declare domain: string | undefined
  declare httpOnly: boolean
  declare secure: boolean | 'auto' | undefined
  declare sameSite: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
  declare partitioned: boolean | undefined
  declare priority: 'low' | 'medium' | 'high' | undefined
  /** The `maxAge` that `touch` starts again from. */
  declare originalMaxAge: number | Date | null | undefined
  // A private field would be missing on copies that libraries make of a session.
  declare _expires: Date | null | undefined

  constructor(options?: SessionCookieOptions | null) {
    this.path = '/'
    this.maxAge = null
    this.httpOnly = true
    if (options !== undefined && options !== null) {
      if (typeof options !== 'object') throw new TypeError('argument options must be a object')
      // One by one, because `maxAge` and `expires` are setters. A stored session must not replace the prototype.
      for (const [key, value] of Object.entries(options)) if (key !== '__proto__') Reflect.set(this, key, value)
    }
    this.originalMaxAge ??= this.maxAge
  }

  get expires(): Date | null | undefined {
    return this._expires
  }

  set expires(date: Date | null | undefined) {
    this._expires = date
    this.originalMaxAge = this.maxAge
  }

  get maxAge(): number | null | undefined {
    return this._expires instanceof Date ? this._expires.valueOf() - Date.now() : this._expires
  }

  set maxAge(ms: number | Date | null | undefined) {
    if (ms && typeof ms !== 'number' && !(ms instanceof Date)) throw new TypeError('maxAge must be a number or Date')
    this.expires = typeof ms === 'number' ? new Date(Date.now() + ms) : ms
  }

  get data(): CookieData {
    const { originalMaxAge, partitioned, priority, expires, secure, httpOnly, domain, path, sameSite } = this
    return { originalMaxAge, partitioned, priority, expires, secure, httpOnly, domain, path, sameSite }
  }

  /** The value of a `Set-Cookie` header. Throws a `TypeError` for an attribute that no cookie can have. */
  serialize(name: string, value: string): string {
    return toSetCookie(name, value, this.data)
  }

  toJSON(): CookieData {
    return this.data
  }
}

/** What is stored of a cookie. */
export interface CookieData {
  readonly originalMaxAge: number | Date | null | undefined
  readonly expires: Date | string | null | undefined
  readonly path: string
  readonly domain: string | undefined
  readonly httpOnly: boolean
  readonly secure: boolean | 'auto' | undefined
  readonly sameSite: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
  readonly partitioned: boolean | undefined
  readonly priority: 'low' | 'medium' | 'high' | undefined
}

/** RFC 9110 5.6.2 */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const DOMAIN = /^\.?[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i
/** RFC 6265 4.1.1: any character but controls and `;` */
const PATH = /^[\x20-\x3a\x3c-\x7e]*$/

function toSetCookie(name: string, value: string, cookie: CookieData): string {
  const { domain, path, expires, httpOnly, secure, partitioned, priority, sameSite } = cookie
  check('name', TOKEN.test(name))
  const parts = [`${name}=${encodeURIComponent(value)}`]
  if (domain) parts.push(`Domain=${checked('domain', domain, DOMAIN)}`)
  if (path) parts.push(`Path=${checked('path', path, PATH)}`)
  if (expires) parts.push(`Expires=${toUtc(expires)}`)
  if (httpOnly) parts.push('HttpOnly')
  if (secure) parts.push('Secure')
  if (partitioned) parts.push('Partitioned')
  if (priority) parts.push(`Priority=${capitalized('priority', priority, ['low', 'medium', 'high'])}`)
  if (sameSite) {
    const text = sameSite === true ? 'strict' : sameSite
    parts.push(`SameSite=${capitalized('sameSite', text, ['lax', 'strict', 'none'])}`)
  }
  return parts.join('; ')
}

function check(option: string, isValid: boolean): void {
  if (!isValid) throw new TypeError(`option ${option} is invalid`)
}

function checked(option: string, text: string, pattern: RegExp): string {
  check(option, pattern.test(text))
  return text
}

function capitalized(option: string, text: string, allowed: readonly string[]): string {
  const lower = String(text).toLowerCase()
  check(option, allowed.includes(lower))
  return lower.charAt(0).toUpperCase() + lower.slice(1)
}

function toUtc(expires: Date | string): string {
  const date = new Date(expires)
  check('expires', expires instanceof Date && !Number.isNaN(date.valueOf()))
  return date.toUTCString()
}
