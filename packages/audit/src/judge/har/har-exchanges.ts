import type { Finding } from '../../model/finding.ts'
import { isLoopback } from '../cookie/attributes.ts'
import { type HarEntry, type Secret, valuesOf } from './har.ts'

/** Names of parameters that contain credentials. */
const PARAMETERS =
  /^(access_?token|id_?token|refresh_?token|token|jwt|auth|session_?id|sess(ion)?|sid|phpsessid|jsessionid|api_?key)$/i

const placeOf = ({ number, method, url }: HarEntry): string =>
  `entry ${number}, ${method} ${url.host}${url.pathname.slice(0, 80)}`

/** Credentials in addresses, in the Referer, and in addresses that answers redirect to. */
export function addressFindings(entries: readonly HarEntry[], secrets: readonly Secret[]): Finding[] {
  const found: Finding[] = []
  const add = (about: string, title: string, detail: string) => {
    if (!found.some((one) => one.about === about))
      found.push({ verdict: 'fail', severity: 'high', about, title, detail })
  }
  for (const entry of entries) {
    const referer = valuesOf(entry.requestHeaders, 'referer').join(' ')
    const location = valuesOf(entry.responseHeaders, 'location').join(' ')
    for (const { name, value } of secrets) {
      if (holds(entry.url.href, value))
        add(
          `${name} in an address`,
          'The credential is in an address',
          `Logs and histories keep it (${placeOf(entry)}).`,
        )
      if (holds(referer, value))
        add(
          `${name} in the Referer`,
          'The credential is sent in the Referer',
          `${entry.url.host} receives the address that contains it (${placeOf(entry)}).`,
        )
      if (holds(location, value))
        add(
          `${name} in a redirect`,
          'A redirect leads to an address with the credential',
          `Logs and histories keep it (${placeOf(entry)}).`,
        )
    }
    for (const [name, value] of entry.url.searchParams) {
      if (PARAMETERS.test(name) && value.length >= 12)
        add(
          `parameter ${name}`,
          'An address seems to contain a credential',
          `The name of its parameter ${name} suggests it (${placeOf(entry)}).`,
        )
    }
    const [, inPath] = /;(jsessionid|phpsessid|sid)=/i.exec(entry.url.pathname) ?? []
    if (inPath !== undefined)
      add(`path parameter ${inPath}`, 'An address has a session id', `It is in the path (${placeOf(entry)}).`)
  }
  if (found.length > 0 || secrets.length === 0) return found
  const detail = 'No address, Referer or redirect contains a credential that the file shows.'
  return [{ verdict: 'pass', about: 'addresses', title: 'No credential in an address', detail }]
}

function holds(text: string, value: string): boolean {
  return text.includes(value) || text.includes(encodeURIComponent(value))
}

/** Images, including SVG, are excluded because every visitor gets the same ones. */
const DOCUMENT = /^(?!image\/).*(html|json|xml|text\/plain)/

/** Answers to logged-in users, and those that set the credential, must send `no-store`. */
export function cacheFindings(entries: readonly HarEntry[], secrets: readonly Secret[]): Finding[] {
  const values = secrets.map(({ value }) => value)
  const isPersonal = ({ requestHeaders, responseHeaders }: HarEntry): boolean => {
    const carried = [
      ...valuesOf(requestHeaders, 'cookie'),
      ...valuesOf(requestHeaders, 'authorization'),
      ...valuesOf(responseHeaders, 'set-cookie'),
    ]
    const type = valuesOf(responseHeaders, 'content-type').join(' ')
    return carried.some((text) => values.some((value) => text.includes(value))) && (type === '' || DOCUMENT.test(type))
  }
  // A 304 has no content type that would distinguish a page from a stylesheet.
  const isAnswer = ({ status }: HarEntry): boolean => status >= 200 && status < 400 && status !== 304
  const personal = entries.filter((entry) => isAnswer(entry) && isPersonal(entry))
  const said = (entry: HarEntry): string => valuesOf(entry.responseHeaders, 'cache-control').join(',').toLowerCase()
  const shared = personal.filter((entry) => /\bpublic\b|s-maxage/.test(said(entry)))
  const silent = personal.filter(
    (entry) => entry.method === 'GET' && !/no-store|private|no-cache|public|s-maxage/.test(said(entry)),
  )
  const judged = [
    ...group(shared, 'medium', 'shared caches', 'Shared caches may keep pages of a logged-in user'),
    ...group(silent, 'low', 'caches', 'Nothing prevents caches from keeping pages of a logged-in user'),
  ]
  if (judged.length > 0 || personal.length === 0) return judged
  return [
    {
      verdict: 'pass',
      about: 'caches',
      title: 'Caches are told not to keep pages of a logged-in user',
      detail: `${personal.length} answers were checked.`,
    },
  ]
}

function group(entries: readonly HarEntry[], severity: 'low' | 'medium', about: string, title: string): Finding[] {
  const [first] = entries
  if (first === undefined) return []
  const more = entries.length > 1 ? `, and ${entries.length - 1} more` : ''
  return [
    {
      verdict: 'fail',
      severity,
      about,
      title,
      detail: `${placeOf(first)}${more}.`,
      fix: { text: 'Send Cache-Control: no-store with every answer to a logged-in user.' },
    },
  ]
}

/** The credential over plain http, and HSTS. */
export function transportFindings(entries: readonly HarEntry[], secrets: readonly Secret[]): Finding[] {
  const carries = ({ requestHeaders }: HarEntry): boolean =>
    requestHeaders.some(
      ({ name, value }) =>
        ['cookie', 'authorization'].includes(name) && secrets.some((secret) => value.includes(secret.value)),
    )
  const carrying = entries.filter(carries)
  const plain = carrying.filter(({ url }) => url.protocol === 'http:' && !isLoopback(url.hostname))
  const [first] = plain
  const findings: Finding[] =
    first === undefined
      ? []
      : [
          {
            verdict: 'fail',
            severity: 'high',
            about: 'plain http',
            title: 'The credential is sent over plain http',
            detail: `${placeOf(first)}.`,
            fix: { text: 'Serve over https only, and set Secure.' },
          },
        ]
  const hosts = new Map(carrying.filter(({ url }) => url.protocol === 'https:').map((entry) => [entry.url.host, entry]))
  for (const host of hosts.keys()) {
    const sent = entries
      .filter(({ url }) => url.host === host)
      .flatMap(({ responseHeaders }) => valuesOf(responseHeaders, 'strict-transport-security'))
    findings.push(hsts(host, sent))
  }
  return findings
}

function hsts(host: string, sent: readonly string[]): Finding {
  const about = `Strict-Transport-Security of ${host}`
  const seconds = Math.max(0, ...sent.map((value) => Number(/max-age="?(\d+)/i.exec(value)?.[1] ?? 0)))
  const fix = { text: 'Send Strict-Transport-Security: max-age=31536000; includeSubDomains.' }
  if (seconds === 0)
    return {
      verdict: 'fail',
      severity: 'low',
      about,
      title: 'Not sent',
      detail: 'Anyone on the network path can answer a first visit over http.',
      fix,
    }
  if (seconds < 31_536_000)
    return { verdict: 'inform', about, title: 'For less than a year', detail: `max-age is ${seconds} seconds.`, fix }
  return { verdict: 'pass', about, title: 'Browsers use TLS only', detail: `max-age is ${seconds} seconds.` }
}
