import type { Audit, Check } from '../audit/audit.ts'
import type { Client } from '../http/client.ts'
import { type Exchange, headerOf } from '../http/exchange.ts'
import { cannotJudge, type Finding, fail, notApplicable, pass } from '../model/finding.ts'

const NAME = 'secure-session-registration'
const OLD_NAME = 'sec-session-registration'

export const deviceBound: Check = {
  id: 'device-bound',
  title: 'Device bound sessions are offered correctly',
  wstg: ['WSTG-SESS-09'],
  asvs: ['7.2.1'],
  cwe: [294],
  severity: 'medium',
  proves:
    'Whether browsers understand the header that offers device bound sessions (DBSC), and a registration without proof is refused.',
  cannotProve: 'That the proofs are verified; that needs a browser with keys.',
  why: 'Browsers ignore a wrong header silently, and a registration without proof binds a session to nothing.',
  fix: {
    text: 'Send Secure-Session-Registration: (ES256 RS256);path="...";challenge="..." with each login, and answer a registration without a valid proof with 4xx.',
  },
  needs: ['cookies'],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    const offers = login.client.exchanges.filter(({ response }) => headerOf(response, NAME) !== null)
    const old = login.client.exchanges.find(({ response }) => headerOf(response, OLD_NAME) !== null)
    if (offers.length === 0 && old === undefined) {
      return [notApplicable({ about: 'DBSC', title: 'Not offered', detail: 'No answer offers device bound sessions.' })]
    }
    const [offer] = offers
    if (offer === undefined) {
      const detail = `The header is ${OLD_NAME}, from the first trial; browsers ignore it.`
      return [
        fail({
          about: 'header',
          severity: 'low',
          title: 'A name that browsers do not know',
          detail,
          evidence: old === undefined ? [] : [audit.say.evidence(detail, [old])],
        }),
      ]
    }
    const header = headerOf(offer.response, NAME) ?? ''
    return [judgeHeader(audit, offer, header), await unproven(audit, login.client, header)]
  },
}

function judgeHeader(audit: Audit, offer: Exchange, header: string): Finding {
  const about = 'header'
  const problems = [
    ...(/^\((\s*(ES256|RS256)\s*)+\)/.test(header.trim())
      ? []
      : ['no list of algorithms, (ES256 RS256), at the beginning']),
    ...(/;\s*path="[^"]+"/.test(header) ? [] : ['no path="..."']),
    ...(/;\s*challenge="[^"]+"/.test(header)
      ? []
      : ['no challenge="...", without which browsers register without proof']),
  ]
  if (problems.length === 0)
    return pass({ about, title: 'As browsers read it', detail: 'Algorithms, path and challenge are there.' })
  const detail = `${NAME} has ${problems.join('; ')}.`
  return fail({ about, title: 'Not as browsers read it', detail, evidence: [audit.say.evidence(detail, [offer])] })
}

async function unproven(audit: Audit, client: Client, header: string): Promise<Finding> {
  const about = 'registration without proof'
  const path = /;\s*path="([^"]+)"/.exec(header)?.[1]
  if (path === undefined) return cannotJudge({ about, title: 'Not tried', detail: 'The header names no path.' })
  const exchange = await client.send({
    method: 'POST',
    url: path,
    headers: [
      ['origin', audit.app.target.origin],
      ['sec-fetch-site', 'same-origin'],
    ],
    purpose: 'register a device without proof',
  })
  const { status = 0, body = '' } = exchange.response ?? {}
  if (status === 0 || status >= 500)
    return cannotJudge({ about, title: 'No clear answer', detail: `Answered ${status || exchange.fault}.` })
  if (status >= 300 || !body.includes('session_identifier')) {
    return pass({ about, title: 'Refused', detail: `A registration without proof was answered ${status}.` })
  }
  const detail = `A registration without proof was answered ${status} with a session: it is bound to nothing.`
  return fail({ about, title: 'Taken without proof', detail, evidence: [audit.say.evidence(detail, [exchange])] })
}
