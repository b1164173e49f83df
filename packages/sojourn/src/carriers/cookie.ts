import type { Candidates, Carrier, HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { isProduction } from '../core/lib/runtime.ts'
import { isLocalDevelopment } from '../core/lib/view.ts'
import { toConsole } from '../core/lib/warn.ts'
import { duplicateForms } from './cookie-duplicates.ts'
import { type CookieForm, type CookieOptions, toCookieForm, toUnprefixed } from './cookie-options.ts'
import { createNeighbors, createWarnings } from './cookie-warnings.ts'

export type { CookieOptions, HostCookie, HttpCookie, SecureCookie, UnprefixedCookie } from './cookie-options.ts'

/**
 * Carries the token in a cookie (RFC 6265bis). By default the cookie is `__Host-session` with `Path=/`, `Secure`, `HttpOnly` and
 * `SameSite=Lax`.
 *
 * On plain `http://localhost` (`*.localhost`, `127.0.0.0/8`, `[::1]`) the cookie has no prefix, `Secure`, `Domain` or
 * `Partitioned`, because Safari does not keep `Secure` cookies there. This applies only while `NODE_ENV` is not `production`, and
 * only to requests without any sign of a proxy.
 *
 * @throws `ERR_OPTION` if browsers would drop such a cookie, or if the name, path or domain is not valid.
 */
export function cookieCarrier(options: CookieOptions = {}): Carrier {
  const real = toSide(toCookieForm(options))
  const local = isProduction() ? null : toSide(toLocalForm(real.form))
  const { warn = toConsole } = options
  const warnOf = createWarnings(real.form, warn)
  const sideFor = (view: RequestView): Side => (local !== null && isLocalDevelopment(view) ? local : real)
  const read = (view: RequestView): Candidates => scanCookies(view.header('cookie') ?? '', sideFor(view).needle)
  const neighbors = createNeighbors({
    isDevelopment: local !== null,
    nameOf: (view) => sideFor(view).form.name,
    read,
    warn,
  })

  return {
    name: 'cookie',
    ambient: true,
    place: `cookie ${real.form.name}`,
    vary: 'Cookie',
    foreign: neighbors.foreign,
    read,
    write(view, token, { maxAgeSeconds, isLogin }) {
      const { form } = sideFor(view)
      warnOf(form, view, isLogin && form !== real.form)
      neighbors.own(view, token)
      return [setCookie(form, token, maxAgeSeconds)]
    },
    clear: (view) => [deleteCookie(sideFor(view).form)],
    clearDuplicates: (view) => duplicateForms(sideFor(view).form, view).map(deleteCookie),
  }
}

interface Side {
  readonly form: CookieForm
  /** The text before its value in a `Cookie` header: the name and `=`. */
  readonly needle: string
}

function toSide(form: CookieForm): Side {
  return { form, needle: `${form.name}=` }
}

function toLocalForm(form: CookieForm): CookieForm {
  return {
    ...form,
    name: toUnprefixed(form.name),
    domain: null,
    secure: false,
    sameSite: form.sameSite === 'none' ? 'lax' : form.sameSite,
    partitioned: false,
  }
}

/** More tokens than this under one name cannot be a mistake. */
const MAX_CANDIDATES = 8
/** node:http allows this much for all headers together. Other servers may allow more. */
const MAX_HEADER_CHARACTERS = 16_384

const NOTHING: Candidates = { values: [], overflow: false }
/** No values instead of some: an attacker who fills the front of the header must not choose which token we see. */
const TOO_LONG: Candidates = { values: [], overflow: true }

const TAB = 0x09
const SPACE = 0x20
const SEMICOLON = 0x3b

/**
 * Returns every distinct value that a `Cookie` header has under a name, in the order of the header. `needle` is the name and `=`.
 *
 * Names are compared case-sensitively. A cookie without a name never matches: browsers send a cookie that is called `''` and has
 * the value `__Host-session=x` as `=__Host-session=x` (RFC 6265bis, section 8.8). Quotes are part of the value, as in browsers.
 * We send none, so a token has one spelling only.
 *
 * Every request runs this code: it uses one `indexOf` and one slice, no regular expression, and splits nothing.
 */
function scanCookies(header: string, needle: string): Candidates {
  if (header.length > MAX_HEADER_CHARACTERS) return TOO_LONG
  let at = header.indexOf(needle)
  if (at === -1) return NOTHING
  let values: readonly string[] = NOTHING.values
  for (; at !== -1; at = header.indexOf(needle, at + needle.length)) {
    if (!isPairBegin(header, at)) continue
    const value = valueAt(header, at + needle.length)
    // Some clients keep an empty cookie after it was deleted.
    if (value === '' || values.includes(value)) continue
    if (values.length === MAX_CANDIDATES) return { values, overflow: true }
    values = [...values, value]
  }
  return { values, overflow: false }
}

/** Whether only blanks lie between this position and the previous semicolon or the beginning. */
function isPairBegin(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && isBlank(header.charCodeAt(before))) before--
  return before < 0 || header.charCodeAt(before) === SEMICOLON
}

function valueAt(header: string, begin: number): string {
  const semicolon = header.indexOf(';', begin)
  let end = semicolon === -1 ? header.length : semicolon
  while (begin < end && isBlank(header.charCodeAt(begin))) begin++
  while (begin < end && isBlank(header.charCodeAt(end - 1))) end--
  return header.slice(begin, end)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

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
function setCookie(form: CookieForm, value: string, maxAgeSeconds: number | null): HeaderChange {
  if (!VALUE.test(value) || form.name.length + value.length > MAX_PAIR_BYTES) {
    throw new SessionError(
      'ERR_OPTION',
      `The token must be cookie text of at most ${MAX_PAIR_BYTES} bytes, with the name.`,
    )
  }
  return change(form, value, maxAgeSeconds === null ? '' : `; Max-Age=${toMaxAge(maxAgeSeconds)}`)
}

/**
 * Returns a `Set-Cookie` header that deletes the cookie of exactly this form. `Expires` serves clients that do not know
 * `Max-Age`.
 */
function deleteCookie(form: CookieForm): HeaderChange {
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
