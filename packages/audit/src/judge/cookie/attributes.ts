import type { Severity, Verdict } from '../../model/finding.ts'
import type { SetCookie } from './set-cookie.ts'

/** What is to be said about one attribute of a cookie that carries a session. */
export interface Remark {
  /** `Secure`, `HttpOnly`, `SameSite`, `prefix`, `Domain`, `Path`, `lifetime`, `size`, `repeated` */
  readonly attribute: string
  readonly verdict: Extract<Verdict, 'pass' | 'fail' | 'inform' | 'cannot-judge'>
  readonly severity?: Severity
  readonly says: string
}

export interface CookieContext {
  /** How it was set: over `https`, over plain `http` from this machine, or over plain `http`; `unknown` from a file. */
  readonly channel: 'https' | 'http-loopback' | 'http' | 'unknown'
  /** The host that set it; `null` when it is not known. */
  readonly host: string | null
}

/** 400 days: browsers keep no cookie longer. */
const LONGEST_SECONDS = 34_560_000
const MOST_BYTES = 4096

/** Judges the attributes of a cookie that carries a session, after ASVS 3.3 and the cookie draft (RFC 6265bis). */
export function judgeSetCookie(cookie: SetCookie, context: CookieContext): readonly Remark[] {
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

function judgeSecure({ secure }: SetCookie, { channel }: CookieContext): Remark {
  const attribute = 'Secure'
  if (secure) return { attribute, verdict: 'pass', says: 'sent over TLS only' }
  if (channel === 'http-loopback') {
    const says = 'not set, over plain http on this machine; many applications set it over https only, so audit that'
    return { attribute, verdict: 'cannot-judge', says }
  }
  return {
    attribute,
    verdict: 'fail',
    severity: 'high',
    says: 'not set: the cookie also goes over plain http, where it can be read',
  }
}

function judgeHttpOnly({ httpOnly }: SetCookie): Remark {
  const attribute = 'HttpOnly'
  if (httpOnly) return { attribute, verdict: 'pass', says: 'out of reach of scripts' }
  return { attribute, verdict: 'fail', severity: 'medium', says: 'not set: any script in the page can read it' }
}

function judgeSameSite({ sameSite, secure }: SetCookie): Remark {
  const attribute = 'SameSite'
  const value = sameSite?.toLowerCase() ?? null
  if (value === 'strict' || value === 'lax') return { attribute, verdict: 'pass', says: `${sameSite}` }
  if (value === 'none' && !secure) {
    return { attribute, verdict: 'fail', severity: 'medium', says: 'None without Secure: browsers refuse the cookie' }
  }
  if (value === 'none') {
    return {
      attribute,
      verdict: 'inform',
      says: 'None: sent with requests from any site; right only if other sites embed this one',
    }
  }
  const says = `${value === null ? 'not set' : `${sameSite} is no value`}: Firefox and Safari send the cookie with requests from any site`
  return { attribute, verdict: 'fail', severity: 'low', says }
}

function judgePrefix({ name, secure, domain, path, httpOnly }: SetCookie): Remark {
  const attribute = 'prefix'
  const [prefix = ''] = /^__(Host-Http|Host|Secure|Http)-/i.exec(name) ?? []
  if (prefix === '') {
    const says = 'no __Host- in the name: another host of the same site can plant or shadow this cookie'
    return { attribute, verdict: 'inform', says }
  }
  const lower = prefix.toLowerCase()
  const isKept =
    secure && (!lower.includes('host') || (domain === null && path === '/')) && (!lower.includes('http') || httpOnly)
  if (!isKept) {
    return {
      attribute,
      verdict: 'fail',
      severity: 'medium',
      says: `browsers refuse it: ${prefix} demands attributes it does not have`,
    }
  }
  return { attribute, verdict: 'pass', says: `${prefix} and what it demands` }
}

function judgeDomain({ domain }: SetCookie, { host }: CookieContext): Remark {
  const attribute = 'Domain'
  if (domain === null) return { attribute, verdict: 'pass', says: 'not set: sent to this host alone' }
  const isWider = host !== null && domain.toLowerCase() !== host.toLowerCase()
  return {
    attribute,
    verdict: 'inform',
    says: isWider
      ? `${domain}: every host below it gets the cookie`
      : 'set to the host itself: hosts below it get the cookie too',
  }
}

function judgeLifetime({ maxAgeSeconds }: SetCookie): Remark {
  const attribute = 'lifetime'
  if (maxAgeSeconds === null) return { attribute, verdict: 'pass', says: 'until the browser is closed' }
  const days = (maxAgeSeconds / 86_400).toFixed(1)
  if (maxAgeSeconds > LONGEST_SECONDS) {
    return { attribute, verdict: 'inform', says: `${days} days, more than the 400 that browsers allow` }
  }
  return {
    attribute,
    verdict: 'inform',
    says: `kept on disk for ${maxAgeSeconds < 86_400 ? `${maxAgeSeconds} s` : `${days} days`}, past the closing of the browser`,
  }
}

function judgeShape({ name, value, repeated, path }: SetCookie): Remark[] {
  const bytes = Buffer.byteLength(name) + Buffer.byteLength(value)
  return [
    ...(bytes > MOST_BYTES
      ? [
          {
            attribute: 'size',
            verdict: 'fail',
            severity: 'medium',
            says: `${bytes} bytes: browsers ignore cookies over ${MOST_BYTES}`,
          } as const,
        ]
      : []),
    ...(repeated.length > 0
      ? [
          {
            attribute: 'repeated',
            verdict: 'inform',
            says: `more than once: ${repeated.join(', ')}; the last one counts`,
          } as const,
        ]
      : []),
    ...(path === null
      ? [{ attribute: 'Path', verdict: 'inform', says: 'not set: depends on the address that sets it' } as const]
      : []),
  ]
}
