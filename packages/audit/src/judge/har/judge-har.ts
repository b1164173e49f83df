import type { Finding } from '../../model/finding.ts'
import { channelOf } from '../cookie/attributes.ts'
import { judgeCookie } from '../cookie/judge-cookie.ts'
import { parseSetCookie } from '../cookie/set-cookie.ts'
import { decode } from '../decode/decode.ts'
import { judgeToken } from '../decode/judge-token.ts'
import { type HarEntry, type Secret, valuesOf } from './har.ts'
import { addressFindings, cacheFindings, transportFindings } from './har-exchanges.ts'

const SHORTEST = 12
const NAMES = /sess|sid$|^sid|auth|token|jwt|login|remember|identity|ticket|jsession|phpsessid|connect\.sid/i
const OTHERS = /csrf|xsrf|^_ga|^_gid|^_fbp|consent|locale|lang|theme|^__utm/i

/** Judges a captured session. The findings contain none of its values. */
export function judgeHar(entries: readonly HarEntry[]): Finding[] {
  const secrets = secretsOf(entries)
  const cookies = cookieFindings(entries)
  return [
    ...missing(entries),
    ...cookies,
    ...bearerFindings(secrets),
    ...addressFindings(entries, secrets),
    ...cacheFindings(entries, secrets),
    ...transportFindings(entries, secrets),
  ]
}

/** Browsers omit cookies from an export by default, so a file without any proves nothing. */
function missing(entries: readonly HarEntry[]): Finding[] {
  const hasAny = entries.some(({ requestHeaders, responseHeaders }) =>
    [...requestHeaders, ...responseHeaders].some(({ name }) =>
      ['cookie', 'set-cookie', 'authorization'].includes(name),
    ),
  )
  if (hasAny) return []
  const detail =
    'No request has a cookie or an authorization, and no answer sets one. Browsers omit them by default: export "with sensitive data", and include the login.'
  return [{ verdict: 'cannot-judge', about: 'file', title: 'No credential in the file', detail }]
}

function cookieFindings(entries: readonly HarEntry[]): Finding[] {
  const last = new Map<string, { line: string; entry: HarEntry }>()
  for (const entry of entries) {
    for (const line of valuesOf(entry.responseHeaders, 'set-cookie')) {
      const cookie = parseSetCookie(line)
      // A line that deletes a cookie has no value to judge, and often fewer attributes.
      if (cookie !== null && cookie.value.length >= 2) last.set(`${entry.url.host} ${cookie.name}`, { line, entry })
    }
  }
  const nameOf = (line: string): string => parseSetCookie(line)?.name ?? ''
  return [...last.values()].flatMap(({ line, entry }) => {
    const name = nameOf(line)
    if (!isOfSession(name, parseSetCookie(line)?.value ?? '') || name.endsWith('.sig')) return []
    const companion = last.get(`${entry.url.host} ${name}.sig`)
    const signature = companion === undefined ? undefined : parseSetCookie(companion.line)?.value
    const context = { channel: channelOf(entry.url), host: entry.url.hostname }
    const { findings } = judgeCookie(line, context, signature === undefined ? {} : { signature })
    return findings.map((finding) => ({ ...finding, about: `cookie ${name}: ${finding.about}` }))
  })
}

function bearerFindings(secrets: readonly Secret[]): Finding[] {
  const bearers = secrets.filter(({ name }) => name === 'bearer token')
  const last = bearers.at(-1)
  if (last === undefined) return []
  return judgeToken(last.value, {}, true).map((finding) => ({ ...finding, about: `bearer token: ${finding.about}` }))
}

function secretsOf(entries: readonly HarEntry[]): Secret[] {
  const found = new Map<string, Secret>()
  const add = (name: string, value: string) => {
    if (value.length >= SHORTEST) found.set(`${name}=${value}`, { name, value })
  }
  for (const { requestHeaders, responseHeaders } of entries) {
    const sent = valuesOf(requestHeaders, 'cookie').flatMap((line) => line.split(';'))
    for (const line of [...valuesOf(responseHeaders, 'set-cookie'), ...sent]) {
      const cookie = parseSetCookie(line)
      if (cookie !== null && isOfSession(cookie.name, cookie.value)) add(`cookie ${cookie.name}`, cookie.value)
    }
    for (const value of valuesOf(requestHeaders, 'authorization')) {
      const [, token] = /^(?:Bearer|Token|DPoP) +(\S+)$/i.exec(value) ?? []
      if (token !== undefined) add('bearer token', token)
    }
  }
  return [...found.values()]
}

/** By its name, or because its content is typical of a session. */
function isOfSession(name: string, value: string): boolean {
  if (OTHERS.test(name)) return false
  const kind = NAMES.test(name) ? 'named' : decode(value, { name })?.kind
  return kind !== undefined && kind !== 'text' && kind !== 'json'
}
