import type { HeaderChange } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { CookieForm } from './cookie-options.ts'

/** Browsers cut longer lives down to 400 days (RFC 6265bis, section 5.5). */
const MAX_AGE_SECONDS = 400 * 86_400
/** Browsers drop a cookie whose name and value together are longer. */
const MAX_PAIR_BYTES = 4096
/** RFC 6265bis `cookie-octet`, less what needs no sending: no quote, comma, semicolon, backslash, blank or control. */
const VALUE = /^[!#-+\--:<-[\]-~]+$/

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const

/**
 * `Set-Cookie` with a value. `maxAgeSeconds` `null`: gone when the browser closes; under a second: gone at once.
 * `ERR_OPTION` for a value that is no cookie text, whoever made it: it could bring attributes of its own.
 */
export function setCookie(form: CookieForm, value: string, maxAgeSeconds: number | null): HeaderChange {
  if (!VALUE.test(value) || form.name.length + value.length > MAX_PAIR_BYTES) {
    throw new SessionError(
      'ERR_OPTION',
      `The token is not text that a cookie of at most ${MAX_PAIR_BYTES} bytes can carry.`,
    )
  }
  return change(form, value, maxAgeSeconds === null ? '' : `; Max-Age=${toMaxAge(maxAgeSeconds)}`)
}

/** `Set-Cookie` that removes the cookie of exactly this form. `Expires` is for clients from before `Max-Age`. */
export function deleteCookie(form: CookieForm): HeaderChange {
  return change(form, '', '; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
}

/** What is no number counts as no time at all: the safe direction. */
function toMaxAge(seconds: number): number {
  return Math.min(Math.max(Math.floor(seconds) || 0, 0), MAX_AGE_SECONDS)
}

function change(form: CookieForm, value: string, life: string): HeaderChange {
  const { name, path, domain, secure, sameSite, partitioned } = form
  const scope = `; Path=${path}${domain === null ? '' : `; Domain=${domain}`}`
  const flags = `; HttpOnly${secure ? '; Secure' : ''}; SameSite=${SAME_SITE[sameSite]}${partitioned ? '; Partitioned' : ''}`
  return { name: 'set-cookie', value: `${name}=${value}${life}${scope}${flags}`, how: 'append' }
}
