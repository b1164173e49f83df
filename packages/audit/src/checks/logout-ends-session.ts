import type { Audit, Check, Login, Probe } from '../audit/audit.ts'
import { carriedBy, copiesWith, distinct, heldNow } from '../audit/credentials.ts'
import type { Credential } from '../http/client.ts'
import { cannotJudge, type Finding, fail, pass } from '../model/finding.ts'
import { grantOf, refreshWith } from './lib/refreshing.ts'
import { otherUserStays } from './lib/two-users.ts'

export const logoutEndsSession: Check = {
  id: 'logout-ends-session',
  title: 'Logout ends the session on the server',
  wstg: ['WSTG-SESS-06'],
  asvs: ['7.4.1'],
  cwe: [613],
  severity: 'high',
  proves: 'Whether a copy of the credential from before the logout is refused after it.',
  cannotProve: 'That other applications of a single sign-on end their sessions too.',
  why: 'An attacker with a copy of the cookie or token (from a log, a backup, a shared computer) stays logged in after the user has logged out.',
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
    const login = await audit.users.login('victim')
    const copies = await copiesBefore(audit, login)
    if (copies === null) {
      const detail =
        'A copy of the credential was refused before the logout already, so a refusal after it would prove nothing.'
      return [cannotJudge({ about: 'logout', title: 'A copy of the credential opens nothing', detail })]
    }
    const other = audit.app.hasSecondUser ? await audit.users.login('another user', { role: 'second' }) : null
    const logout = await audit.users.logout(login.client)
    // If ids are renewed with each page, the logout request itself carried the newest.
    const all = distinct(audit, [...copiesWith(login, logout), ...copies])
    const findings = [await replay(audit, login, logout, all)]
    if (other !== null) findings.push(await otherUserStays(audit, other, logout))
    if (audit.app.recipe.refresh !== undefined) findings.push(await refreshAfter(audit, login, logout))
    return findings
  },
}

/** Returns copies of what the client holds that are logged in. `null`: they are not. */
async function copiesBefore(audit: Audit, login: Login): Promise<readonly Credential[] | null> {
  const copy = heldNow(login)
  const probe = await audit.ask.with('copy before the logout', copy)
  if (probe.state !== 'in') return null
  // It was not renewed: the client still holds it.
  if (carriedBy(audit, heldNow(login)) === carriedBy(audit, copy)) return [copy]
  return (await audit.ask.as(login.client, 'is it still logged in')).state === 'in' ? [heldNow(login), copy] : null
}

async function replay(
  audit: Audit,
  login: Login,
  logout: Login['exchanges'],
  copies: readonly Credential[],
): Promise<Finding> {
  const about = 'logout'
  const { alive, probe } = await survivors(audit, copies)
  if (probe === null) return cannotJudge({ about, title: 'No copy', detail: 'The client held nothing to copy.' })
  const { state, exchange } = probe
  const proof = (says: string) => [audit.say.evidence(says, [...login.exchanges, ...logout, exchange])]
  if (state === 'in') {
    const detail = `A copy of ${alive} is still logged in after the logout. The logout only made the client discard it.`
    return fail({ about, title: 'The session stays valid after logout', detail, evidence: proof(detail) })
  }
  // A refusal proves something only while the application accepts anyone.
  await audit.users.sharedLogin()
  if (state === 'unknown') {
    const detail = `The copy was answered ${exchange.response?.status ?? exchange.fault}.`
    return cannotJudge({ about, title: 'No clear answer', detail })
  }
  const detail =
    copies.length === 1
      ? 'A copy of the credential is refused after the logout.'
      : `Ids are renewed with each answer. The newest and ${copies.length - 1} older ones are refused after the logout.`
  return pass({ about, title: 'The session ends at logout', detail, evidence: proof(detail) })
}

interface Survivors {
  /** A description of the first copy that is still valid. */
  readonly alive: string
  readonly probe: Probe | null
}

/** Presents each carrier of each copy separately, because a copy of all of them may use one up and hide the others. */
async function survivors(audit: Audit, copies: readonly Credential[]): Promise<Survivors> {
  let refused: Probe | null = null
  for (const [i, copy] of copies.entries()) {
    const age = i === 0 ? '' : ', from before it was renewed'
    const found: string[] = []
    let opened: Probe | null = null
    for (const names of audit.app.carriers) {
      const kept = { cookies: copy.cookies.filter(({ name }) => names.includes(name)), bearer: null }
      const probe = await audit.ask.with(`copy of ${names.join(' and ')} after the logout`, kept)
      if (probe.state === 'in') found.push(`cookie ${names.join(' and ')}`)
      if (probe.state === 'in') opened ??= probe
    }
    const whole = await audit.ask.with('copy after the logout', copy)
    if (whole.state === 'in') opened ??= whole
    if (opened !== null) {
      const alive = found.length > 0 ? found.join(', ') : copy.bearer === null ? 'the cookies' : 'the token'
      return { alive: alive + age, probe: opened }
    }
    if (refused === null || whole.state === 'unknown') refused = whole
  }
  return { alive: '', probe: refused }
}

async function refreshAfter(audit: Audit, login: Login, logout: Login['exchanges']): Promise<Finding> {
  const about = 'refresh after logout'
  const { state, exchanges } = await refreshWith(audit, login, grantOf(login), 'refresh after the logout')
  const proof = [...login.exchanges, ...logout, ...exchanges]
  const evidence = [audit.say.evidence('The refresh token of a session that was logged out.', proof)]
  const status = exchanges.at(-1)?.response?.status ?? 'not at all'
  if (state === 'unknown') return cannotJudge({ about, title: 'No clear answer', detail: `Answered ${status}.` })
  if (state === 'out')
    return pass({ about, title: 'The refresh token ends at logout', detail: `Answered ${status}.`, evidence })
  const detail = 'The refresh token of a session that was logged out still issues a credential that is logged in.'
  return fail({ about, title: 'The refresh token stays valid after logout', detail, evidence })
}
