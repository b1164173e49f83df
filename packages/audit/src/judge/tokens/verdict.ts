import type { PartScore } from './score-part.ts'

// Formulas, constants and sources: docs/audit/statistics.md#what-is-left-effective-bits

export interface Judgement {
  readonly verdict: TokenVerdict
  /** The reasons, in sentences, the most important first. */
  readonly reasons: readonly string[]
  /** What this sample cannot show. */
  readonly limits: readonly string[]
}

/**
 * - `no-weakness-found`: at least 128 bits remain (ASVS 7.2.3). This does not prove that there is no weakness.
 * - `adequate`: at least 64 bits remain (NIST SP 800-63B).
 * - `weak`: fewer.
 * - `predictable`: the next token can be computed from known ones.
 * - `self-contained`: signed data and no id, so the tokens are as strong as the key.
 * - `opaque`: encrypted, so nothing inside can be seen.
 * - `undecided`: too few tokens.
 */
export type TokenVerdict =
  | 'no-weakness-found'
  | 'adequate'
  | 'weak'
  | 'predictable'
  | 'self-contained'
  | 'opaque'
  | 'undecided'

const WANTED_BITS = 128
const ADEQUATE_BITS = 64
/** With fewer tokens, hardly any test can reach a verdict. */
const FEWEST = 20

/** The measurements of a list of tokens. */
export interface Measured {
  readonly sample: {
    readonly tokens: number
    readonly distinct: number
    readonly alpha: number
    /** No position can be shown to hold more bits than log2 of the number of tokens. */
    readonly capPerPositionBits: number
    /** A token with fewer bits than this would have repeated in this sample. */
    readonly shownByNoRepeatBits: number
  }
  readonly layers: readonly string[]
  readonly protection: 'none' | 'signed' | 'encrypted'
  readonly nominalBits: number
  readonly effectiveBits: number
  readonly parts: readonly PartScore[]
}

export function judgeScore(score: Measured, best: PartScore | null): Judgement {
  const verdict = verdictOf(score, best)
  return { verdict, reasons: reasonsOf(score, best), limits: limitsOf(score) }
}

function verdictOf(score: Measured, best: PartScore | null): TokenVerdict {
  const { sample, protection, effectiveBits } = score
  if (protection === 'encrypted') return 'opaque'
  const isData = protection === 'signed' && score.parts.some(({ name }) => name.startsWith('$'))
  if (best === null) return protection === 'signed' ? 'self-contained' : sample.tokens > 1 ? 'predictable' : 'undecided'
  if (isData && effectiveBits < ADEQUATE_BITS) return 'self-contained'
  if (isPredictable(best)) return 'predictable'
  if (sample.tokens < FEWEST) return 'undecided'
  if (isOneSecond(best) && effectiveBits < ADEQUATE_BITS) return 'undecided'
  if (effectiveBits >= WANTED_BITS || isWhole(best)) return 'no-weakness-found'
  return effectiveBits >= ADEQUATE_BITS ? 'adequate' : 'weak'
}

/** Long enough, and only the size of the sample reduced it. */
function isWhole({ nominalBits, positions, tests }: PartScore): boolean {
  const isUntouched = positions.every(({ letters, lowered }) => letters === 1 || lowered.length === 0)
  return nominalBits >= WANTED_BITS && isUntouched && tests.every(({ failed }) => !failed)
}

/** Too little remains to be secret, and it is known what the rest is. */
function isPredictable({ predictable, structures, effectiveBits }: PartScore): boolean {
  return predictable !== null || (structures.length > 0 && effectiveBits < 32)
}

function isOneSecond({ duplicates: { repeats, sameSecond } }: PartScore): boolean {
  return repeats > 0 && repeats === sameSecond
}

function reasonsOf({ layers, protection, effectiveBits, nominalBits }: Measured, best: PartScore | null): string[] {
  const reasons: string[] = []
  if (layers.length > 0) reasons.push(`It is wrapped: ${layers.join(', then ')}. What is inside was scored.`)
  if (protection === 'encrypted') reasons.push('It is encrypted: the statistics describe the cipher, not an id inside.')
  if (best === null) return [...reasons, 'All tokens are the same.']
  if (best.predictable !== null)
    reasons.push(`It comes from ${best.predictable}: anyone who has a few tokens can compute the next.`)
  reasons.push(...best.structures.map(({ text }) => `Not secret: ${text}.`))
  if (best.duplicates.repeats > 0) reasons.push(duplicatesText(best))
  const failed = best.tests.filter((test) => test.failed).map(({ id }) => id)
  if (failed.length > 0) reasons.push(`Tests that a random token passes fail: ${failed.join(', ')}.`)
  reasons.push(
    `${round(effectiveBits)} of at most ${round(nominalBits)} bits are left${best.name === 'token' ? '' : `, in ${best.name}`}.`,
  )
  if (protection === 'signed' && effectiveBits < ADEQUATE_BITS) {
    reasons.push('Only the signature prevents guessing: it is as strong as the key.')
  }
  return reasons
}

function duplicatesText(part: PartScore): string {
  const { repeats } = part.duplicates
  const count = `${repeats} ${repeats === 1 ? 'token repeats' : 'tokens repeat'} an earlier one`
  if (!isOneSecond(part)) return `${count}: random ones of this length never would.`
  return `${count} of the same second. A stateless token made from the user and the time can cause that, and not a bad generator: log in with a pause in between.`
}

function limitsOf({ sample }: Measured): string[] {
  const { tokens, distinct, capPerPositionBits, shownByNoRepeatBits, alpha } = sample
  return [
    `${tokens} tokens cap the entropy by position at log2(${tokens}) = ${round(capPerPositionBits)} bits.`,
    ...(distinct < tokens
      ? []
      : [`The absence of repeats shows at least ${round(shownByNoRepeatBits)} bits, and no more.`]),
    `The probability that any test accuses a good generator is at most ${alpha * 100} % (Holm).`,
    'Statistics never prove a token unguessable: a hash of something small passes them all.',
  ]
}

function round(bits: number): string {
  return (Math.round(bits * 10) / 10).toString()
}
