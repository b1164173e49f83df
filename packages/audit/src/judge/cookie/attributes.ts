import type { Finding, Severity, Verdict } from '../../model/finding.ts'
import type { SetCookie } from './set-cookie.ts'

export interface CookieContext {
  /**
   * How it was set: over `https`, over plain `http` from this machine, or over plain `http`. `unknown` if it comes from a file.
   */
  readonly channel: 'https' | 'http-loopback' | 'http' | 'unknown'
  /** The host that set it. `null` if it is unknown. */
  readonly host: string | null
}

/** 400 days, the browsers' limit. */
const LONGEST_SECONDS = 34_560_000
const MOST_BYTES = 4096

/**
 * Judges the attributes of a session cookie by ASVS 3.3 and the cookie draft (RFC 6265bis). Each finding is about one of
 * `Secure`, `HttpOnly`, `SameSite`, `prefix`, `Domain`, `Path`, `lifetime`, `size`, `repeated`.
 */
export function judgeSetCookie(cookie: SetCookie, context: CookieContext): readonly Finding[] {
  return [
    judgeSecure(cookie, context),
    judgeHttpOnly(cookie),
    judgeSameSite(cookie),
    judgePrefix(cookie),
    judgeDomain(cookie, context),
    judgeLifetime(cookie),
    ...judgeShape(cookie),
  ]
}

function toFinding(about: string, verdict: Verdict, title: string, severity?: Severity): Finding {
  const detail = `${title.charAt(0).toUpperCase()}${title.slice(1)}.`
  return { verdict, about, title, detail, ...(severity && { severity }) }
}

function judgeSecure({ secure }: SetCookie, { channel }: CookieContext): Finding {
  const about = 'Secure'
  if (secure) return toFinding(about, 'pass', 'sent over TLS only')
  if (channel === 'http-loopback') {
    const says =
      'not set, over plain http on this machine; many applications set it over https only, so audit the https address'
    return toFinding(about, 'cannot-judge', says)
  }
  return toFinding(about, 'fail', 'not set: the cookie is also sent over plain http, where it can be read', 'high')
}

function judgeHttpOnly({ httpOnly }: SetCookie): Finding {
  const about = 'HttpOnly'
  if (httpOnly) return toFinding(about, 'pass', 'scripts cannot read it')
  return toFinding(about, 'fail', 'not set: any script in the page can read it', 'medium')
}

function judgeSameSite({ sameSite, secure }: SetCookie): Finding {
  const about = 'SameSite'
  const value = sameSite?.toLowerCase() ?? null
  if (value === 'strict' || value === 'lax') return toFinding(about, 'pass', `${sameSite}`)
  if (value === 'none' && !secure)
    return toFinding(about, 'fail', 'None without Secure: browsers refuse the cookie', 'medium')
  if (value === 'none')
    return toFinding(
      about,
      'inform',
      'None: sent with requests from any site; correct only if other sites embed this one',
    )
  const says = `${value === null ? 'not set' : `${sameSite} is not a valid value`}: Firefox and Safari send the cookie with requests from any site`
  return toFinding(about, 'fail', says, 'low')
}

function judgePrefix({ name, secure, domain, path, httpOnly }: SetCookie): Finding {
  const about = 'prefix'
  const [prefix = ''] = /^__(Host-Http|Host|Secure|Http)-/i.exec(name) ?? []
  if (prefix === '') {
    const says = 'no __Host- in the name: another host of the same site can plant or shadow this cookie'
    return toFinding(about, 'inform', says)
  }
  const lower = prefix.toLowerCase()
  const isKept =
    secure && (!lower.includes('host') || (domain === null && path === '/')) && (!lower.includes('http') || httpOnly)
  if (isKept) return toFinding(about, 'pass', `${prefix} and the attributes that it requires`)
  return toFinding(about, 'fail', `browsers refuse it: ${prefix} requires attributes that are missing`, 'medium')
}

function judgeDomain({ domain }: SetCookie, { host }: CookieContext): Finding {
  const about = 'Domain'
  if (domain === null) return toFinding(about, 'pass', 'not set: sent to this host only')
  const isWider = host !== null && domain.toLowerCase() !== host.toLowerCase()
  const says = isWider
    ? `${domain}: every host below it gets the cookie`
    : 'set to the host itself: its subdomains get the cookie too'
  return toFinding(about, 'inform', says)
}

function judgeLifetime({ maxAgeSeconds }: SetCookie): Finding {
  const about = 'lifetime'
  if (maxAgeSeconds === null) return toFinding(about, 'pass', 'until the browser is closed')
  const days = (maxAgeSeconds / 86_400).toFixed(1)
  if (maxAgeSeconds > LONGEST_SECONDS)
    return toFinding(about, 'inform', `${days} days, more than the 400 that browsers allow`)
  const lasts = maxAgeSeconds < 86_400 ? `${maxAgeSeconds} s` : `${days} days`
  return toFinding(about, 'inform', `kept on disk for ${lasts}, after the browser is closed`)
}

function judgeShape({ name, value, repeated, path }: SetCookie): Finding[] {
  const bytes = Buffer.byteLength(name) + Buffer.byteLength(value)
  const found: Finding[] = []
  if (bytes > MOST_BYTES) {
    const about = 'size'
    found.push(toFinding(about, 'fail', `${bytes} bytes: browsers ignore cookies over ${MOST_BYTES}`, 'medium'))
  }
  if (repeated.length > 0) {
    const about = 'repeated'
    found.push(toFinding(about, 'inform', `more than once: ${repeated.join(', ')}; the last one counts`))
  }
  if (path === null) {
    const about = 'Path'
    found.push(toFinding(about, 'inform', 'not set: depends on the address that sets it'))
  }
  return found
}

/** How an address is reached, as far as cookies are concerned. */
export function channelOf(url: URL): 'https' | 'http-loopback' | 'http' {
  if (url.protocol === 'https:') return 'https'
  return isLoopback(url.hostname) ? 'http-loopback' : 'http'
}

/** Whether a host name, as written in a URL, is this machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  )
}
