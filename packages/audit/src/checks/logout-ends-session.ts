import type { Audit, Credential, Login } from '../audit/audit.ts'
import { grantOf, refreshWith } from '../audit/refreshing.ts'
import type { Check } from '../model/check.ts'
import { cannotJudge, type Finding, fail, pass } from '../model/finding.ts'

export const logoutEndsSession: Check = {
  id: 'logout-ends-session',
  title: 'Logout ends the session on the server',
  wstg: ['WSTG-SESS-06'],
  asvs: ['7.4.1'],
  cwe: [613],
  severity: 'high',
  proves: 'A copy of the credential taken before the logout is refused after it.',
  cannotProve: 'That other applications of a single sign-on end their sessions too.',
  why: 'Who holds a copy of the cookie or token (from a log, a backup, a shared computer) stays logged in although the user logged out.',
  fix: {
    text: 'Delete or mark the session on the server at logout; for self-contained tokens keep a list of ended ones, or a "not before" time by user.',
    snippets: {
      'express-session': 'req.session.destroy(() => { res.clearCookie("connect.sid"); res.redirect("/") })',
      Django:
        'use a server-side SESSION_ENGINE (db, cache) rather than signed_cookies; django.contrib.auth.logout(request)',
      Rails: 'keep sessions in a server-side store (activerecord-session_store), then reset_session',
      JWT: 'put the token’s jti on a denylist until its exp, and check it with each request',
    },
  },
  needs: ['logout'],
  async run(audit) {
    const login = await audit.login('victim')
    const before = await audit.probe('copy before the logout', login.credential)
    if (before.state !== 'in') {
      const detail =
        'A copy of the credential was refused before the logout already, so a refusal after it would prove nothing.'
      return [cannotJudge({ about: 'logout', title: 'A copy of the credential opens nothing', detail })]
    }
    const logout = await audit.logout(login.client)
    const findings = [await replay(audit, login, logout)]
    if (audit.recipe.refresh !== undefined) findings.push(await refreshAfter(audit, login, logout))
    return findings
  },
}

async function replay(audit: Audit, login: Login, logout: Login['exchanges']): Promise<Finding> {
  const about = 'logout'
  const { state, exchange } = await audit.probe('copy after the logout', login.credential)
  const proof = (says: string) => [audit.evidence(says, [...login.exchanges, ...logout, exchange])]
  if (state === 'in') {
    const surviving = await survivors(audit, login.credential)
    const detail = `A copy of ${surviving} is still logged in after the logout. What the logout did was to make the client forget it.`
    return fail({ about, title: 'The session lives on after logout', detail, evidence: proof(detail) })
  }
  // Being out proves something only while the application lets anybody in.
  const control = await audit.login('control')
  if (state === 'unknown' || (await audit.look(control.client)).state !== 'in') {
    const detail = `The copy was answered ${exchange.response?.status ?? exchange.fault}.`
    return cannotJudge({ about, title: 'No clear answer', detail })
  }
  const detail = 'A copy of the credential is refused after the logout.'
  return pass({ about, title: 'The session ends at logout', detail, evidence: proof(detail) })
}

async function survivors(audit: Audit, { cookies, bearer }: Credential): Promise<string> {
  const alive: string[] = []
  for (const names of audit.carriers) {
    const credential = { cookies: cookies.filter(({ name }) => names.includes(name)), bearer: null }
    const { state } = await audit.probe(`copy of ${names.join(' and ')}`, credential)
    if (state === 'in') alive.push(`cookie ${names.join(' and ')}`)
  }
  return alive.length > 0 ? alive.join(', ') : bearer === null ? 'the cookies' : 'the token'
}

async function refreshAfter(audit: Audit, login: Login, logout: Login['exchanges']): Promise<Finding> {
  const about = 'refresh after logout'
  const { state, exchanges } = await refreshWith(audit, login, grantOf(login), 'refresh after the logout')
  const proof = [...login.exchanges, ...logout, ...exchanges]
  const evidence = [audit.evidence('The refresh token of a session that was logged out.', proof)]
  const status = exchanges.at(-1)?.response?.status ?? 'not at all'
  if (state === 'unknown') return cannotJudge({ about, title: 'No clear answer', detail: `Answered ${status}.` })
  if (state === 'out')
    return pass({ about, title: 'The refresh token ends at logout', detail: `Answered ${status}.`, evidence })
  const detail = 'The refresh token of a session that was logged out still gives out a credential that is logged in.'
  return fail({ about, title: 'The refresh token lives on after logout', detail, evidence })
}
