import type { Audit, Check } from '../audit/audit.ts'
import { madeUpLike } from '../http/made-up.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'

export const cookieTossing: Check = {
  id: 'cookie-tossing',
  title: 'Cookie names in other case, and two cookies of one name',
  wstg: ['WSTG-SESS-02'],
  asvs: ['3.3.3'],
  cwe: [1275],
  severity: 'low',
  proves:
    'Whether the server accepts a prefixed cookie under a name in another case, and which of two cookies with one name counts.',
  cannotProve: 'That an attacker controls a host of the same site.',
  why: 'Another host of the same site can set a cookie of the same name. A prefix prevents that only if the server compares names exactly.',
  fix: {
    text: 'Compare cookie names case-sensitively. Treat a request with two session cookies of one name as one with none, or try both.',
  },
  needs: ['cookies'],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    const single = audit.app.carriers.find((names) => names.length === 1)?.[0]
    const value = () => login.client.cookies().find(({ name }) => name === single)?.value ?? ''
    if (single === undefined || value() === '') {
      const detail = 'No single cookie carries the session.'
      return [cannotJudge({ about: 'names', title: 'Not tried', detail })]
    }
    return [await otherCase(audit, single, value), await twice(audit, single, value)]
  },
}

async function otherCase(audit: Audit, name: string, value: () => string): Promise<Finding> {
  const about = `cookie ${name}: case of the name`
  const [prefix] = /^__(Host-Http|Host|Secure|Http)-/i.exec(name) ?? []
  if (prefix === undefined) {
    return inform({
      about,
      title: 'No prefix to get round',
      detail: `${name} has no prefix, so any host of the site can set it.`,
    })
  }
  const other = name.replace(prefix, prefix.toLowerCase())
  const { client, state, exchange } = await ask(audit, `${other}=${value()}`)
  if (state === 'in') {
    const detail = `The cookie is accepted under the name ${other}, which any host of the site can set in older browsers.`
    return fail({
      about,
      title: 'A prefix is taken in any case',
      detail,
      evidence: [audit.say.evidence(detail, [exchange])],
    })
  }
  if (state === 'unknown') return cannotJudge({ about, title: 'No clear answer', detail: `${client.name} got none.` })
  return pass({ about, title: 'Names are compared exactly', detail: `${other} is not taken for ${name}.` })
}

/** Neither order is a fault by itself. The one that counts shows what a cookie from a sibling host can do. */
async function twice(audit: Audit, name: string, value: () => string): Promise<Finding> {
  const about = `cookie ${name}: sent twice`
  const madeUp = madeUpLike(value())
  const first = await ask(audit, `${name}=${value()}; ${name}=${madeUp}`)
  const last = await ask(audit, `${name}=${madeUp}; ${name}=${value()}`)
  if (first.state === 'unknown' || last.state === 'unknown') {
    return cannotJudge({
      about,
      title: 'No clear answer',
      detail: 'The server did not answer when the cookie was sent twice.',
    })
  }
  const counts = `${first.state}/${last.state}`
  const words: Record<string, string> = {
    'in/in': 'the valid one counts, in either order',
    'in/out': 'the first one counts',
    'out/in': 'the last one counts',
    'out/out': 'neither counts',
  }
  const detail = `With a valid and a made-up cookie of one name, ${words[counts]}.`
  if (counts === 'in/in' || counts === 'out/out')
    return pass({ about, title: 'A second cookie plants nothing', detail })
  return inform({ about, title: `Two cookies of one name: ${words[counts]}`, detail })
}

const ask = (audit: Audit, cookie: string) =>
  audit.ask.as(audit.ask.client('cookies as given'), 'logged-in check with cookies as given', { cookie })
