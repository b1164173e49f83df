import type { HeaderChange } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { CookieForm } from './cookie-options.ts'

/** Browsers shorten longer lifetimes to 400 days (RFC 6265bis, section 5.5). */
const MAX_AGE_SECONDS = 400 * 86_400
/** Browsers drop a cookie if its name and value together are longer. */
const MAX_PAIR_BYTES = 4096
/** RFC 6265bis `cookie-octet`, without quote, comma, semicolon, backslash, blank and control characters. */
const VALUE = /^[!#-+\--:<-[\]-~]+$/

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const

/**
 * Returns a `Set-Cookie` header with a value. If `maxAgeSeconds` is `null`, the cookie is deleted when the browser closes; if it
 * is under a second, at once. Throws `ERR_OPTION` if the value is not cookie text, because it could add attributes.
 */
export function setCookie(form: CookieForm, value: string, maxAgeSeconds: number | null): HeaderChange {
  if (!VALUE.test(value) || form.name.length + value.length > MAX_PAIR_BYTES) {
    throw new SessionError(
      'ERR_OPTION',
      `The token cannot be sent in a cookie: it must be cookie text of at most ${MAX_PAIR_BYTES} bytes together with the name.`,
    )
  }
  return change(form, value, maxAgeSeconds === null ? '' : `; Max-Age=${toMaxAge(maxAgeSeconds)}`)
}

/**
 * Returns a `Set-Cookie` header that deletes the cookie of exactly this form. `Expires` serves clients that do not know
 * `Max-Age`.
 */
export function deleteCookie(form: CookieForm): HeaderChange {
  return change(form, '', '; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
}

/** A value that is not a number counts as 0, because deleting the cookie is the safe direction. */
function toMaxAge(seconds: number): number {
  return Math.min(Math.max(Math.floor(seconds) || 0, 0), MAX_AGE_SECONDS)
}

function change(form: CookieForm, value: string, life: string): HeaderChange {
  const { name, path, domain, secure, sameSite, partitioned } = form
  const scope = `; Path=${path}${domain === null ? '' : `; Domain=${domain}`}`
  const flags = `; HttpOnly${secure ? '; Secure' : ''}; SameSite=${SAME_SITE[sameSite]}${partitioned ? '; Partitioned' : ''}`
  return { name: 'set-cookie', value: `${name}=${value}${life}${scope}${flags}`, how: 'append' }
}
