import type { Audit, Check } from '../audit/audit.ts'
import type { Credential } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { madeUpCredential } from '../http/made-up.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'

const TRACES =
  /\bat [\w.$<>]+ ?\([^)]*:\d+(:\d+)?\)|Traceback \(most recent call last\)|\bin \/[\w/.-]+\.php on line \d+|Stack trace:|\.java:\d+\)|\.rb:\d+:in /

const GUESSES = 30
/** Values that contain most of a real id: decoders that are lenient at the end may accept them. */
const DERIVED = 'the real one'

export const unknownIds: Check = {
  id: 'unknown-ids',
  title: 'Ids that the server did not issue',
  wstg: ['WSTG-SESS-01'],
  asvs: ['7.2.1', '7.2.2'],
  cwe: [20, 209],
  severity: 'medium',
  proves: 'That unknown and malformed ids are refused, without a server error and without revealing internals.',
  cannotProve: 'That every malformed value is refused; only a few were tried.',
  why: 'An id is the first thing that an attacker sends. A value that breaks the server, or makes it reveal internals, gives an attacker a starting point.',
  fix: { text: 'Check the format of an id before using it, and treat an invalid one as none.' },
  needs: [],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    return [await malformed(audit, login.credential), await guessing(audit, login.credential)]
  },
}

/** Harmless values that differ from what the server issued. */
function shapes(value: string): Record<string, string> {
  return {
    empty: '',
    'one character': 'a',
    'very long': 'a'.repeat(4000),
    quotes: `'"--`,
    'a path': '../../../../etc/hostname',
    'percent signs': '%00%ff%c0%80%zz',
    'a NUL': '%00',
    JSON: '%7B%22user%22%3A%22admin%22%7D',
    'the real one, cut': value.slice(0, -1),
    'the real one, longer': `${value}a`,
    'bytes over 127': 'caf\u00e9\u00ff',
    'a property name': '__proto__',
  }
}

async function malformed(audit: Audit, credential: Credential): Promise<Finding> {
  const about = 'malformed ids'
  // If a cookie suffices without the malformed one, it would be what logs in.
  const [names = []] = audit.app.carriers
  const sufficing = credential.cookies.filter(({ name }) => names.includes(name))
  const [first] = sufficing
  const real = first?.value ?? credential.bearer ?? ''
  const broken: [string, Exchange][] = []
  const talks: [string, Exchange][] = []
  let accepted: [string, Exchange] | null = null
  for (const [name, value] of Object.entries(shapes(real))) {
    if (name.startsWith(DERIVED)) audit.say.hide(value, name, `made from the real one`)
    const sent =
      first === undefined ? { authorization: `Bearer ${value}` } : { cookie: withValue(sufficing, first.name, value) }
    const { state, exchange } = await audit.ask.as(
      audit.ask.client(`id: ${name}`),
      `logged-in check, id: ${name}`,
      sent,
    )
    const { status = 0, body = '' } = exchange.response ?? {}
    if (state === 'in' && !name.startsWith(DERIVED)) accepted = [name, exchange]
    if (status >= 500) broken.push([name, exchange])
    if (TRACES.test(body)) talks.push([name, exchange])
  }
  const listed = (list: readonly [string, Exchange][]) => list.map(([name]) => name).join(', ')
  const proof = (says: string, list: readonly [string, Exchange][]) => [
    audit.say.evidence(
      says,
      list.slice(0, 3).map(([, exchange]) => exchange),
    ),
  ]
  if (accepted !== null) {
    const detail = `A made-up id (${accepted[0]}) is logged in.`
    return fail({
      about,
      severity: 'critical',
      title: 'A made-up id is logged in',
      detail,
      evidence: proof(detail, [accepted]),
    })
  }
  if (talks.length > 0) {
    const detail = `Answers to malformed ids show a stack trace (${listed(talks)}).`
    return fail({
      about,
      title: 'Malformed ids make the server reveal internals',
      detail,
      evidence: proof(detail, talks),
    })
  }
  if (broken.length > 0) {
    const detail = `Malformed ids are answered with a server error (${listed(broken)}).`
    return fail({
      about,
      severity: 'low',
      title: 'Malformed ids break the server',
      detail,
      evidence: proof(detail, broken),
    })
  }
  return pass({
    about,
    title: 'Malformed ids are refused quietly',
    detail: `Tried: ${Object.keys(shapes('')).join(', ')}.`,
  })
}

function withValue(cookies: Credential['cookies'], name: string, value: string): string {
  return cookies.map((cookie) => `${cookie.name}=${cookie.name === name ? value : cookie.value}`).join('; ')
}

/** How many guesses from one address the server allows. */
async function guessing(audit: Audit, credential: Credential): Promise<Finding> {
  const about = 'guessing'
  for (let count = 1; count <= GUESSES; count++) {
    const { state, exchange } = await audit.ask.with('guesser', madeUpCredential(credential))
    const status = exchange.response?.status ?? 0
    if (state === 'in') {
      const detail = `Guess ${count} was logged in.`
      return fail({
        about,
        severity: 'critical',
        title: 'A guess was right',
        detail,
        evidence: [audit.say.evidence(detail, [exchange])],
      })
    }
    if (status === 429)
      return pass({ about, title: `Guessing is limited after ${count}`, detail: `Guess ${count} was answered 429.` })
    if (status === 0) return cannotJudge({ about, title: 'No answer', detail: `Guess ${count}: ${exchange.fault}.` })
  }
  const detail = `${GUESSES} unknown ids from one address were refused one by one and not limited. With 128 bits of randomness in an id that is harmless.`
  return inform({ about, title: `${GUESSES} guesses were not limited`, detail })
}
