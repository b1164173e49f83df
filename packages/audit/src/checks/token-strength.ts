import { type Audit, type Check, type Login, NoLogin } from '../audit/audit.ts'
import { LimitReached } from '../http/engine.ts'
import { gave } from '../http/exchange.ts'
import { scoreTokens, type TokenScore } from '../judge/tokens/score.ts'
import type { Evidence } from '../model/evidence.ts'
import { type Confidence, cannotJudge, type Finding, fail, inform, pass, type Severity } from '../model/finding.ts'
import { sampleTokens, type TokenSamples } from './lib/sample-tokens.ts'

export const tokenStrength: Check = {
  id: 'token-strength',
  title: 'Session tokens cannot be guessed',
  wstg: ['WSTG-SESS-01'],
  asvs: ['7.2.3', '11.5.1'],
  cwe: [330, 331, 340],
  severity: 'high',
  proves:
    'Whether tokens issued one after another show a counter, clock, known generator, bias or dependence that a sample of this size can show. Whether a second cookie that logs in alone is the same at every login.',
  cannotProve: 'That tokens come from a secure generator: a hash of something small passes every statistical test.',
  why: 'An attacker who can compute or guess a token is logged in as its owner, without access to that person or the network.',
  fix: {
    text: 'Make session ids of at least 128 bits of the operating system’s secure random generator, and of nothing else. A framework’s own session library does.',
  },
  needs: [],
  async run(audit) {
    const samples = await sampleTokens(audit)
    const values = samples.tokens.map(({ value }) => value)
    const score = scoreTokens(values, { issuedAt: samples.tokens.map(({ at }) => at) })
    return [toFinding(score, samples, () => proofOf(audit, samples)), ...(await constantTokens(audit, samples.about))]
  },
}

type Verdict = TokenScore['verdict']

const TITLES: Readonly<Record<Verdict, string>> = {
  'no-weakness-found': 'Nothing was found that helps to guess a token',
  adequate: 'Fewer than 128 bits: more than NIST asks, less than ASVS',
  weak: 'Tokens have too few bits that cannot be guessed',
  predictable: 'Tokens can be computed',
  'self-contained': 'Tokens are signed data: they are as strong as the key',
  opaque: 'Tokens are encrypted: what is inside cannot be seen',
  undecided: 'Too few tokens to decide',
}

function toFinding(score: TokenScore, { about, stopped }: TokenSamples, proof: () => readonly Evidence[]): Finding {
  const reasons = [...score.reasons, ...score.limits, ...(stopped === null ? [] : [`No more tokens: ${stopped}.`])]
  const words = {
    about,
    title: TITLES[score.verdict],
    detail: reasons.join(' '),
    data: { score },
  }
  switch (score.verdict) {
    case 'no-weakness-found':
      return pass(words)
    case 'undecided':
      return cannotJudge(words)
    case 'weak':
    case 'predictable':
      return fail({ ...words, ...gravity(score), evidence: proof() })
    default:
      return inform(words)
  }
}

/** A signature keeps a weak id from being forged, as long as its key stays secret. */
function gravity({ verdict, protection }: TokenScore): { severity: Severity; confidence: Confidence } {
  const confidence = verdict === 'predictable' ? 'certain' : 'firm'
  if (protection === 'signed') return { severity: 'medium', confidence }
  return { severity: verdict === 'predictable' ? 'critical' : 'high', confidence }
}

function proofOf(audit: Audit, { tokens }: TokenSamples): readonly Evidence[] {
  const last = tokens.slice(-3).map(({ value }) => value)
  const exchanges = audit.app.exchanges.filter((exchange) => last.some((value) => gave(exchange, value)))
  return [
    audit.say.evidence('The last of the scored tokens, in the order in which they were issued.', exchanges.slice(-3)),
  ]
}

/** Data that is signed with the time in seconds is the same within one second. */
const OVER_A_SECOND_MS = 1100

/** Cookies other than the scored one (`scored`) that log in alone and are the same at every login. */
export async function constantTokens(audit: Audit, scored: string): Promise<readonly Finding[]> {
  const names = audit.app.carriers
    .flatMap((set) => (set.length === 1 ? set : []))
    .filter((name) => `cookie ${name}` !== scored)
  if (names.length === 0) return []
  try {
    return await compare(audit, names)
  } catch (error) {
    // The score stays valid if no more logins are possible.
    if (error instanceof NoLogin || error instanceof LimitReached) return []
    throw error
  }
}

async function compare(audit: Audit, names: readonly string[]): Promise<readonly Finding[]> {
  const first = await audit.users.login('first of two')
  const soon = await audit.users.login('second of two')
  const suspects = names.filter((name) => isSame(name, first, soon))
  if (suspects.length === 0) return []
  await audit.time.wait(OVER_A_SECOND_MS)
  const later = await audit.users.login('second of two, later')
  return suspects.filter((name) => isSame(name, first, later)).map((name) => finding(audit, name, [first, later]))
}

const heldIn = (name: string, { credential }: Login): string | undefined =>
  credential.cookies.find((cookie) => cookie.name === name)?.value

const isSame = (name: string, one: Login, other: Login): boolean =>
  heldIn(name, one) !== undefined && heldIn(name, one) === heldIn(name, other)

function finding(audit: Audit, name: string, logins: readonly Login[]): Finding {
  const detail = `Two logins in clean clients received the same cookie ${name}, which logs in alone. It cannot be ended for one browser without being ended for all, so anyone who once saw it stays logged in.`
  const giving = logins.flatMap(({ exchanges }) =>
    exchanges.filter((exchange) => logins.some((login) => gave(exchange, heldIn(name, login) ?? ''))).slice(-1),
  )
  return fail({
    about: `cookie ${name}: from login to login`,
    severity: 'medium',
    title: 'The same token at every login',
    detail,
    evidence: [audit.say.evidence(detail, giving)],
  })
}
