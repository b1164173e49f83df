import type { Candidates } from '../core/contracts/carrier.ts'

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
export function scanCookies(header: string, needle: string): Candidates {
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
