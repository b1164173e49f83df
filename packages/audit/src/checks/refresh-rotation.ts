import type { Audit, Check, Login } from '../audit/audit.ts'
import type { Credential } from '../http/client.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'
import { grantOf, isSameGrant, type Refreshed, refreshWith } from './lib/refreshing.ts'

export const refreshRotation: Check = {
  id: 'refresh-rotation',
  title: 'A refresh token works once, and a second use ends its family',
  wstg: ['WSTG-SESS-06', 'WSTG-ATHZ-05'],
  asvs: ['10.4.5'],
  cwe: [294, 613],
  severity: 'medium',
  proves:
    'Whether a refresh issues a new refresh token, whether the old one is refused, and whether its second use ends the new one.',
  cannotProve: 'That tokens are bound to a key of the client, which would be equally good.',
  why: 'A stolen refresh token is a session without an end. With rotation, the second use, by the thief or the owner, reveals the theft.',
  fix: {
    text: 'Issue a new refresh token with each refresh, end the old one, and on its second use end all that came from the same login (RFC 9700, 4.14.2).',
  },
  needs: ['refresh'],
  async run(audit) {
    const login = await audit.users.login('victim')
    const first = await refreshWith(audit, login, grantOf(login), 'first refresh')
    if (first.state !== 'in') {
      const detail = `The first refresh was answered ${first.exchanges.at(-1)?.response?.status ?? 'not at all'}, and issued no credential that is logged in.`
      return [cannotJudge({ about: 'refresh', title: 'The refresh does not work', detail })]
    }
    if (!first.rotated) return [await notRotated(audit, login, first)]
    const again = await refreshWith(audit, login, grantOf(login), 'second use of the refresh token')
    return [secondUse(audit, login, first, again), await family(audit, login, first, again)]
  },
}

async function notRotated(audit: Audit, login: Login, first: Refreshed): Promise<Finding> {
  const about = 'rotation'
  const again = await refreshWith(audit, login, grantOf(login), 'second use of the refresh token')
  if (again.state !== 'in') {
    return cannotJudge({
      about,
      title: 'No new token, and the old one is refused',
      detail: 'The application answers a second refresh differently.',
    })
  }
  const detail = 'A refresh issues no new refresh token, and the old one works again.'
  return fail({
    about,
    confidence: 'firm',
    title: 'Refresh tokens are not rotated',
    detail,
    evidence: [audit.say.evidence(detail, [...login.exchanges, ...first.exchanges, ...again.exchanges])],
  })
}

function secondUse(audit: Audit, login: Login, first: Refreshed, again: Refreshed): Finding {
  const about = 'second use'
  const exchanges = [...login.exchanges, ...first.exchanges, ...again.exchanges]
  const evidence = [audit.say.evidence('A refresh token is used a second time.', exchanges)]
  if (again.state === 'unknown')
    return cannotJudge({ about, title: 'No clear answer', detail: 'The second use got none.' })
  if (again.state === 'out')
    return pass({ about, title: 'A used token is refused', detail: 'The second use is refused.', evidence })
  if (hasSameSuccessor(audit, first, again)) {
    const detail =
      'A second use within seconds issues the same successor: a grace period for lost answers. How long it lasts was not measured.'
    return inform({ about, title: 'A second use gives the same successor', detail, evidence })
  }
  const detail = 'A refresh token that was already used issues another credential.'
  return fail({ about, severity: 'high', title: 'A refresh token works twice', detail, evidence })
}

/** The token in the answer, or what the refresh changed in the cookies that do not carry the login. */
function hasSameSuccessor(audit: Audit, { next, before }: Refreshed, again: Refreshed): boolean {
  if (isSameGrant(again.next, next)) return true
  if (audit.app.recipe.refresh?.token !== undefined) return false
  const names = audit.app.carriers.flat()
  const held = (cookies: Credential['cookies'], name: string) => cookies.find((one) => one.name === name)?.value
  return next.cookies.some(
    ({ name, value }) =>
      !names.includes(name) && held(before.cookies, name) !== value && held(again.next.cookies, name) === value,
  )
}

async function family(audit: Audit, login: Login, first: Refreshed, again: Refreshed): Promise<Finding> {
  const about = 'family'
  if (again.state !== 'out') {
    return cannotJudge({
      about,
      title: 'Not judged',
      detail: 'The second use was not refused, so there is no reuse to react to.',
    })
  }
  const successor = await refreshWith(audit, login, first.next, 'the successor, after the reuse')
  const evidence = [
    audit.say.evidence('The successor is presented after the old token was used a second time.', [
      ...login.exchanges,
      ...first.exchanges,
      ...again.exchanges,
      ...successor.exchanges,
    ]),
  ]
  if (successor.state === 'unknown')
    return cannotJudge({ about, title: 'No clear answer', detail: 'The successor got none.' })
  if (successor.state === 'out')
    return pass({ about, title: 'Reuse ends the family', detail: 'The successor is refused too.', evidence })
  const detail =
    'After the second use of a refresh token, its successor still works: whoever used it first, possibly the thief, stays logged in.'
  return fail({ about, title: 'The family outlives reuse', detail, evidence })
}
