import type { Finding } from '../../model/finding.ts'
import { type Companion, decode } from './decode.ts'
import type { Decoded } from './decoded.ts'
import { canGuess, guessSecret } from './guess-secret.ts'
import { type Reveal, revealsOf } from './reveals.ts'
import { WELL_KNOWN_SECRETS } from './well-known-secrets.ts'

/**
 * Judges one token by itself. Each finding is about its `secret`, its `protection` or its `content`, and contains no value of the
 * token. `makesLogin`: the token carries the login, alone or with others, so it matters that nobody can edit it.
 */
export function judgeToken(value: string, companion: Companion, makesLogin: boolean): Finding[] {
  const decoded = decode(value, companion)
  if (decoded === null) {
    const detail = 'The value has no known format, and contains no readable text.'
    return [{ about: 'content', verdict: 'pass', title: 'It says nothing', detail }]
  }
  const { known = new Map() } = companion
  const reveals = revealsOf(decoded, known)
  const isSilent = typeof decoded.content === 'string' && decode(decoded.content, { known }) === null
  const protection = makesLogin || decoded.kind === 'serialised' ? ofProtection(decoded, reveals) : null
  return [ofSecret(decoded), protection, ofContent(decoded, isSilent ? null : reveals)].flatMap((one) => one ?? [])
}

function ofSecret(decoded: Decoded): Finding | null {
  if (!canGuess(decoded)) return null
  const secret = guessSecret(decoded)
  if (secret === null) {
    const detail = `${nameOf(decoded)}: none of ${WELL_KNOWN_SECRETS.length} well-known secrets made its signature.`
    return { about: 'secret', verdict: 'pass', title: 'Not signed with a well-known secret', detail }
  }
  // Enough to recognize it: more people may read the report than the configuration.
  const hint = `${secret.slice(0, 2)}…, ${secret.length} characters`
  return {
    about: 'secret',
    verdict: 'fail',
    severity: 'critical',
    title: 'Signed with a well-known secret',
    detail: `${nameOf(decoded)}: signed with a secret from public documentation and word lists (${hint}). Anyone can sign one for any user.`,
  }
}

function ofProtection(decoded: Decoded, reveals: readonly Reveal[]): Finding | null {
  if (decoded.protection !== 'none') return null
  if (decoded.kind === 'jwt') {
    const detail = 'It is a JWT without a signature: anyone can edit it and become any user.'
    return { about: 'protection', verdict: 'fail', severity: 'critical', title: 'An unsigned JWT', detail }
  }
  if (decoded.kind === 'serialised') {
    const detail = `${nameOf(decoded)}, without a signature. Anyone who edits them may choose which objects the server creates, and so what code it runs. Whether it accepts edited ones was not tested here.`
    const title = 'Serialised objects that nothing protects'
    return { about: 'protection', verdict: 'fail', severity: 'high', confidence: 'tentative', title, detail }
  }
  return {
    about: 'protection',
    verdict: 'fail',
    severity: 'high',
    confidence: 'tentative',
    title: 'Data that nothing protects',
    detail: `${nameOf(decoded)}, without a signature (it contains: ${listOf(reveals)}). Whether the server accepts an edited one was not tested here.`,
  }
}

const PERSONAL: readonly Reveal['what'][] = ['secret', 'e-mail address', 'network address']

function ofContent(decoded: Decoded, reveals: readonly Reveal[] | null): Finding {
  const about = 'content'
  if (decoded.protection === 'encrypted') {
    const detail = `${nameOf(decoded)}: only the server can read it.`
    return { about, verdict: 'pass', title: 'Encrypted', detail }
  }
  if (reveals === null) {
    const detail = `${nameOf(decoded)}: it contains one value, which reveals nothing.`
    return { about, verdict: 'pass', title: 'It says nothing', detail }
  }
  const detail = `${nameOf(decoded)}. Anyone who holds it can read: ${listOf(reveals)}.`
  if (!reveals.some(({ what }) => PERSONAL.includes(what))) {
    return { about, verdict: 'inform', title: `${nameOf(decoded)}, readable`, detail, data: { reveals } }
  }
  const severity = reveals.some(({ what }) => what === 'secret') ? 'medium' : 'low'
  return {
    about,
    verdict: 'fail',
    severity,
    confidence: 'firm',
    title: 'Readable personal data',
    detail,
    data: { reveals },
  }
}

const nameOf = ({ name }: Decoded): string => name.charAt(0).toUpperCase() + name.slice(1)

function listOf(reveals: readonly Reveal[]): string {
  const list = reveals
    .slice(0, 20)
    .map(({ path, what }) => (path === '$' ? 'one value' : `${path.replace(/^\$\.?/, '')} (${what})`))
  return list.length === 0 ? 'nothing' : list.join(', ')
}
