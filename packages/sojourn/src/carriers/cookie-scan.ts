import type { Candidates } from '../core/contracts/carrier.ts'

/** More tokens than this under one name are nobody's mistake. */
const MAX_CANDIDATES = 8
/** What node:http allows for all headers together. Other servers may let more through. */
const MAX_HEADER_CHARACTERS = 16_384

const NOTHING: Candidates = { values: [], overflow: false }
/** Nothing rather than a part: whoever fills the front of the header must not decide which token is seen. */
const TOO_LONG: Candidates = { values: [], overflow: true }

const TAB = 0x09
const SPACE = 0x20
const SEMICOLON = 0x3b

/**
 * Every distinct value that a `Cookie` header has under a name, in the order of the header. `needle` is the name and `=`.
 *
 * Names are compared by case. A cookie without a name is never taken for one of ours: browsers send one that is
 * called `''` and has the value `__Host-session=x` as `=__Host-session=x` (RFC 6265bis, section 8.8).
 * Quotes are part of the value, as they are to browsers: we send none, so a token has one spelling only.
 *
 * On the way of every request: one `indexOf` and one slice, no regular expression, nothing split.
 */
export function scanCookies(header: string, needle: string): Candidates {
  if (header.length > MAX_HEADER_CHARACTERS) return TOO_LONG
  let at = header.indexOf(needle)
  if (at === -1) return NOTHING
  let values: readonly string[] = NOTHING.values
  for (; at !== -1; at = header.indexOf(needle, at + needle.length)) {
    if (!isPairBegin(header, at)) continue
    const value = valueAt(header, at + needle.length)
    // Empty is what some clients keep of a cookie that was deleted.
    if (value === '' || values.includes(value)) continue
    if (values.length === MAX_CANDIDATES) return { values, overflow: true }
    values = [...values, value]
  }
  return { values, overflow: false }
}

/** Whether only blanks lie between this place and the semicolon before it, or the beginning. */
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
