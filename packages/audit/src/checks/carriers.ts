import { type Audit, type Check, type Login, NoLogin, type Probe } from '../audit/audit.ts'
import { carriersElsewhere } from '../audit/carriers.ts'
import { heldNow } from '../audit/credentials.ts'
import type { Credential } from '../http/client.ts'
import { parseJwt } from '../judge/jwt.ts'
import { cannotJudge, type Finding, inform, pass } from '../model/finding.ts'
import { cookiesOfTwo } from './lib/two-users.ts'

export const carriers: Check = {
  id: 'carriers',
  title: 'What carries the session',
  wstg: ['WSTG-SESS-01', 'WSTG-SESS-06'],
  asvs: ['7.2.1'],
  cwe: [],
  severity: 'info',
  proves:
    'Which cookies or tokens, alone or together, suffice to be logged in, for the logged-in check and on the first page; and if answers renew one, whether the previous value is refused.',
  cannotProve: 'That the application has no other way in.',
  why: 'Each carrier that suffices alone has to be protected, and ended at logout, like the others.',
  fix: { text: 'Use one carrier, unless you need a second one, such as a remember-me cookie.' },
  needs: [],
  async run(audit) {
    const sets = audit.app.carriers.map((names): Finding => {
      const list = names.map((name) => `cookie ${name}`).join(' and ')
      const detail = names.length === 1 ? `The ${list} alone is logged in.` : `Together, and only together: ${list}.`
      return inform({ about: list, title: `${list} suffices`, detail })
    })
    const elsewhere = (await carriersElsewhere(audit)).map((name): Finding => {
      const detail = `The cookie ${name} alone is logged in on the first page, but not for the logged-in check. Its behavior at logout was not tested: use a recipe whose check is that page.`
      return inform({ about: `cookie ${name}`, title: `cookie ${name} suffices for other pages`, detail })
    })
    const findings = [...sets, ...elsewhere, ...(await judgeRenewal(audit)), ...(await cookiesOfTwo(audit))]
    if (audit.app.recipe.credential?.bearer === undefined) return findings
    const detail = `The token at ${audit.app.recipe.credential.bearer.json} in the answer to the login, sent as a bearer token.`
    return [...findings, inform({ about: 'bearer', title: 'A bearer token carries the session', detail })]
  },
}

/** Longer than the period of a value that is renewed once a second. */
const ONE_SECOND_MS = 1100
/** When an old id is presented again, in ms after its renewal. Requests that were under way have been answered by then. */
const LOOKS = [0, 500, 1500, 5000] as const

/** For each cookie that answers renew: whether the previous value is still accepted. Empty if none is renewed. */
export async function judgeRenewal(audit: Audit): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const name of audit.app.renewed) {
    const about = `cookie ${name}: renewed`
    const finding = await judgeRenewed(audit, name, about).catch((error: unknown) => {
      if (!(error instanceof NoLogin)) throw error
      return cannotJudge({ about, title: 'Could not be tried', detail: error.message })
    })
    if (finding !== null) findings.push(finding)
  }
  return findings
}

/** `null`: the cookie changed once only, which is not a renewal. */
async function judgeRenewed(audit: Audit, name: string, about: string): Promise<Finding | null> {
  const login = await audit.users.login('one whose id is renewed')
  const names = audit.app.carriers.find((set) => set.includes(name)) ?? [name]
  const renewal = (await renew(audit, login, names, name)) ?? (await renew(audit, login, names, name, ONE_SECOND_MS))
  if (renewal === null) return null
  const { old, next } = renewal
  const began = performance.now()
  const isSelfContained = parseJwt(old.cookies.find((cookie) => cookie.name === name)?.value ?? '') !== null
  for (const at of isSelfContained ? LOOKS.slice(0, 1) : LOOKS) {
    await audit.time.wait(Math.max(0, at - (performance.now() - began)))
    const { state, exchange } = await audit.ask.with('old id', old)
    if (state === 'in') continue
    if (state === 'unknown') {
      const detail = `The old id was answered ${exchange.response?.status ?? exchange.fault}.`
      return cannotJudge({ about, title: 'No clear answer', detail })
    }
    return refused(audit, about, next, [next.exchange, exchange], at)
  }
  const detail = isSelfContained
    ? 'Each answer issues a new token, but the previous ones stay valid until they expire: renewal does not affect an attacker who holds a copy.'
    : `Each answer issues a new id, but the previous one was still logged in after ${(LOOKS.at(-1) ?? 0) / 1000} s: renewal does not affect an attacker who holds a copy.`
  return inform({ about, title: 'Old ids stay good', detail, evidence: [audit.say.evidence(detail, [next.exchange])] })
}

interface Renewal {
  readonly old: Credential
  readonly next: Probe
}

/** Presents what the client holds. The client then holds the new value. */
async function renew(
  audit: Audit,
  login: Login,
  names: readonly string[],
  name: string,
  afterMs = 0,
): Promise<Renewal | null> {
  await audit.time.wait(afterMs)
  const old = { cookies: heldNow(login).cookies.filter((cookie) => names.includes(cookie.name)), bearer: null }
  const next = await audit.ask.with('newest id', old)
  const valueIn = (cookies: Credential['cookies']) => cookies.find((cookie) => cookie.name === name)?.value
  return next.state === 'in' && valueIn(next.client.cookies()) !== valueIn(old.cookies) ? { old, next } : null
}

async function refused(
  audit: Audit,
  about: string,
  next: Probe,
  exchanges: readonly Probe['exchange'][],
  afterMs: number,
): Promise<Finding> {
  const newest = await audit.ask.as(next.client, 'is the newest id still good')
  const when = afterMs === 0 ? 'at once' : `after at most ${afterMs / 1000} s`
  const detail =
    newest.state === 'in'
      ? `Each answer issues a new id. The previous one is refused ${when}.`
      : `Each answer issues a new id. The previous one is refused ${when}, and presenting it ended the session.`
  const title = newest.state === 'in' ? 'Old ids are refused' : 'A reused old id ends the session'
  return pass({ about, title, detail, evidence: [audit.say.evidence(detail, [...exchanges, newest.exchange])] })
}
