import type { Finding } from '../../model/finding.ts'
import { judgeToken } from '../decode/judge-token.ts'
import { type CookieContext, judgeSetCookie } from './attributes.ts'
import { grammarOf } from './grammar.ts'
import { parseSetCookie, type SetCookie } from './set-cookie.ts'

export interface JudgedCookie {
  /** `null`: a browser ignores the line. */
  readonly name: string | null
  readonly findings: readonly Finding[]
  /** The corrected line, without the value. */
  readonly better: string | null
}

/**
 * Judges one `Set-Cookie` line as that of a session: its grammar, how browsers treat it, its attributes, and the content of its
 * value.
 */
export function judgeCookie(
  line: string,
  context: CookieContext = { channel: 'unknown', host: null },
  companion: { readonly signature?: string } = {},
): JudgedCookie {
  const text = line.replace(/^\s*set-cookie\s*:\s*/i, '')
  const grammar = grammarOf(text)
  const cookie = parseSetCookie(text)
  if (cookie === null) {
    const detail = 'It has neither a name nor a value: browsers ignore the line.'
    return {
      name: null,
      findings: [{ verdict: 'fail', severity: 'high', about: 'grammar', title: 'No cookie', detail }],
      better: null,
    }
  }
  const attributes = judgeSetCookie(cookie, context).map((finding) => withFix(finding, cookie))
  const contents = judgeToken(cookie.value, { name: cookie.name, ...companion }, true).map(
    (finding): Finding => ({ ...finding, about: `value: ${finding.about}` }),
  )
  return { name: cookie.name, findings: [...grammar, ...attributes, ...contents], better: betterLine(cookie) }
}

function withFix(finding: Finding, cookie: SetCookie): Finding {
  const text = finding.verdict === 'pass' ? undefined : fixOf(finding.about, cookie)
  return text === undefined ? finding : { ...finding, fix: { text } }
}

/** As ASVS recommends: `__Host-` and everything it requires, unless the cookie is shared with other hosts or bound to a path. */
function betterLine({ name, sameSite, domain, path, maxAgeSeconds, partitioned }: SetCookie): string {
  const bare = name.replace(/^__(Host-Http|Host|Secure|Http)-/i, '')
  const isHost = domain === null && (path === null || path === '/')
  const site = sameSite !== null && /^(strict|lax|none)$/i.test(sameSite) ? sameSite : 'Lax'
  const parts = [
    `${isHost ? '__Host-' : '__Secure-'}${bare || 'session'}=…`,
    ...(domain === null ? [] : [`Domain=${domain}`]),
    `Path=${path ?? '/'}`,
    ...(maxAgeSeconds === null ? [] : [`Max-Age=${Math.min(Math.max(0, maxAgeSeconds), 34_560_000)}`]),
    'Secure',
    'HttpOnly',
    `SameSite=${site}`,
    ...(partitioned ? ['Partitioned'] : []),
  ]
  return `Set-Cookie: ${parts.join('; ')}`
}

/** Returns the fix for an attribute. */
export function fixOf(attribute: string, { name }: SetCookie): string | undefined {
  return FIXES[attribute]?.replaceAll('NAME', name.replace(/^__\w+?-/, ''))
}

const FIXES: Readonly<Record<string, string>> = {
  Secure: 'Add Secure. It also works on http://localhost in Chromium and Firefox.',
  HttpOnly: 'Add HttpOnly. No script has to read a session cookie.',
  SameSite: 'Set SameSite=Lax (or Strict) explicitly: browsers have different defaults.',
  prefix: 'Name it __Host-NAME, with Secure, Path=/ and no Domain: then no other host can plant it.',
  Domain: 'Remove Domain, unless other hosts have to get the cookie.',
  lifetime: 'Let the server end the session; this lifetime only decides when the browser deletes the cookie.',
  size: 'Keep data on the server, and only a random id in the cookie.',
  repeated: 'Send each attribute once.',
  Path: 'Set Path=/.',
}
