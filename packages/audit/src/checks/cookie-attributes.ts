import type { Audit, Check, Login } from '../audit/audit.ts'
import { carriersElsewhere } from '../audit/carriers.ts'
import { channelOf, judgeSetCookie } from '../judge/cookie/attributes.ts'
import { cannotJudge, type Finding } from '../model/finding.ts'
import { settingsOf } from './lib/cookie-settings.ts'

export const cookieAttributes: Check = {
  id: 'cookie-attributes',
  title: 'Attributes of the cookies that carry the session',
  wstg: ['WSTG-SESS-02'],
  asvs: ['3.3.1', '3.3.2', '3.3.3', '3.3.4', '3.3.5'],
  cwe: [614, 1004, 1275],
  severity: 'medium',
  proves: 'What the server asks of browsers: Secure, HttpOnly, SameSite, prefix, Domain, lifetime, size.',
  cannotProve: 'Anything about cookies that no response of this audit set.',
  why: 'These attributes keep the cookie off plain HTTP, away from scripts, and out of requests that other sites make.',
  fix: {
    text: 'Name it __Host-..., with Secure, HttpOnly, Path=/ and SameSite=Lax or Strict, and no Domain.',
    snippets: {
      'express-session':
        "session({ name: '__Host-sid', cookie: { secure: true, httpOnly: true, sameSite: 'lax', path: '/' } })",
      Django: "SESSION_COOKIE_NAME='__Host-sessionid'; SESSION_COOKIE_SECURE=True; SESSION_COOKIE_SAMESITE='Lax'",
      Rails: "config.session_store :cookie_store, key: '__Host-session', secure: true, same_site: :lax",
      PHP: 'session.cookie_secure=1, session.cookie_httponly=1, session.cookie_samesite=Lax',
      Flask: "SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE='Lax'",
    },
  },
  needs: ['cookies'],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    const names = [...audit.app.carriers.flat(), ...copiesOf(audit, login), ...(await carriersElsewhere(audit))]
    const settings = settingsOf(login.client.exchanges, names)
    if (settings.length === 0) {
      return [
        cannotJudge({
          about: 'cookies',
          title: 'No cookie seen being set',
          detail: 'No answer set a cookie that carries the session.',
        }),
      ]
    }
    const context = { channel: channelOf(audit.app.target), host: audit.app.target.hostname }
    return settings.flatMap(({ cookie, exchange }) =>
      judgeSetCookie(cookie, context).map((finding): Finding => {
        const { about, title, verdict } = finding
        const says = `${about} of ${cookie.name}: ${title}.`
        return {
          ...finding,
          about: `cookie ${cookie.name}: ${finding.about}`,
          title: `${about}: ${title}`,
          detail: `Cookie ${cookie.name}, ${about}: ${title}.`,
          evidence: verdict === 'fail' ? [audit.say.evidence(says, [exchange])] : [],
        }
      }),
    )
  },
}

/** Cookies with the same value: to know one is to know all. */
function copiesOf(audit: Audit, { credential: { cookies } }: Login): string[] {
  const names = audit.app.carriers.flat()
  const alone = audit.app.carriers.filter((set) => set.length === 1).flat()
  const values = cookies.filter(({ name, value }) => alone.includes(name) && value.length >= 12)
  return cookies
    .filter(({ name, value }) => !names.includes(name) && values.some((held) => value.includes(held.value)))
    .map(({ name }) => name)
}
