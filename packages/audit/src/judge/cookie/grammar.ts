import type { Finding } from '../../model/finding.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** RFC 6265: no control character, blank, quote, comma, semicolon or backslash. */
const OCTETS = /^("?)[!#-+\--:<-[\]-~]*\1$/
const KNOWN = ['expires', 'max-age', 'domain', 'path', 'secure', 'httponly', 'samesite', 'partitioned', 'priority']
const MOST_ATTRIBUTE_BYTES = 1024

/** Finds what a server must not send, and how browsers treat it. */
export function grammarOf(line: string): Finding[] {
  const [pair = '', ...rest] = line.split(';')
  const at = pair.indexOf('=')
  const name = at < 0 ? '' : pair.slice(0, at).trim()
  const value = (at < 0 ? pair : pair.slice(at + 1)).trim()
  const found = [ofBytes(line), ofName(name, value), ofValue(value), ...rest.map(ofAttribute)].flatMap(
    (one) => one ?? [],
  )
  if (found.length > 0) return found
  return [{ verdict: 'pass', about: 'grammar', title: 'well formed', detail: 'RFC 6265 allows a server to send it.' }]
}

function fault(severity: 'low' | 'medium' | 'high', title: string, detail: string): Finding {
  return { verdict: 'fail', severity, about: 'grammar', title, detail }
}

function ofBytes(line: string): Finding | null {
  if (!/(?!\t)\p{Cc}/u.test(line)) return null
  return fault(
    'high',
    'a control character',
    'Browsers drop a cookie with a control character. If the character came from input, an attacker can inject headers.',
  )
}

function ofName(name: string, value: string): Finding | null {
  if (name === '') {
    const isPosing = /^__(host|secure|http)/i.test(value)
    const detail = isPosing
      ? 'Its value looks like a cookie with a prefix: browsers drop it.'
      : 'Browsers keep it under the empty name, and send the bare value: servers read that as a name.'
    return fault('medium', 'no name', detail)
  }
  if (TOKEN.test(name)) return null
  return fault(
    'low',
    'a name that is not a token',
    'Servers and proxies parse such names differently: use letters, digits, hyphen and underscore.',
  )
}

function ofValue(value: string): Finding | null {
  if (OCTETS.test(value)) return null
  return fault(
    'low',
    'characters that a value must not contain',
    'Blanks, quotes, commas, backslashes and characters beyond ASCII are parsed differently: send base64url.',
  )
}

function ofAttribute(attribute: string): Finding | null {
  const [key = '', value = ''] = attribute.split(/=(.*)/s).map((text) => text.trim())
  if (Buffer.byteLength(value) > MOST_ATTRIBUTE_BYTES) {
    return fault('medium', 'an attribute over 1024 bytes', 'Browsers ignore the attribute, and keep the cookie.')
  }
  if (key === '' || KNOWN.includes(key.toLowerCase())) return ofKnown(key.toLowerCase(), value)
  return {
    verdict: 'inform',
    about: 'grammar',
    title: 'an unknown attribute',
    detail: `Browsers ignore ${key.slice(0, 40)}.`,
  }
}

function ofKnown(key: string, value: string): Finding | null {
  if (key === 'max-age' && !/^-?\d+$/.test(value)) {
    return fault('low', 'Max-Age is not a number', 'Browsers ignore it: the cookie lasts until the browser is closed.')
  }
  if (key === 'expires' && Number.isNaN(Date.parse(value))) {
    return fault('low', 'Expires is not a date', 'Browsers ignore it: the cookie lasts until the browser is closed.')
  }
  if ((key === 'secure' || key === 'httponly') && value !== '') {
    const detail = `The value is ignored: ${key}=${value.slice(0, 20)} still sets the attribute.`
    return { verdict: 'inform', about: 'grammar', title: 'a value where none belongs', detail }
  }
  return null
}
