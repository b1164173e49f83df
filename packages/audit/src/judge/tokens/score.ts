import { openEnvelopes } from './envelope.ts'
import { type PartScore, scorePart } from './score-part.ts'
import { type Judgement, judgeScore, type Measured } from './verdict.ts'

// Formulas, constants and sources: docs/audit/statistics.md#one-level-for-all-tests

export interface ScoreOptions {
  /**
   * When each token was issued, in ms since the epoch. Makes it certain which clocks the tokens contain, and whether equal ones
   * are from one second.
   */
  readonly issuedAt?: readonly number[]
  /** The time near which clocks are sought without `issuedAt`. Default: now. */
  readonly now?: number
  /** The maximum probability that any test accuses a good generator. Default: 0.0001. */
  readonly alpha?: number
}

/** What a list of tokens reveals about their generator. Contains no token, and no part of one. */
export interface TokenScore extends Measured, Judgement {}

/** A token with more parts is data, not an id. */
const MOST_PARTS = 12

/** Scores any strings, in the order of issue. Never throws. */
export function scoreTokens(tokens: readonly string[], options: ScoreOptions = {}): TokenScore {
  const alpha = options.alpha ?? 1e-4
  const clock = { at: options.issuedAt, now: options.now ?? Date.now() }
  const contents = openEnvelopes(tokens)
  const varied = contents.parts.filter(({ values }) => values.some((value) => value !== values[0]))
  const parts = varied.slice(0, MOST_PARTS).map((part) => scorePart(part, clock, alpha / varied.length))
  // Parts may depend on each other, so only the best one counts.
  const best = parts.reduce<PartScore | null>((a, b) => (a === null || b.effectiveBits > a.effectiveBits ? b : a), null)
  const sample = {
    tokens: tokens.length,
    distinct: new Set(tokens).size,
    alpha,
    capPerPositionBits: Math.log2(Math.max(1, tokens.length)),
    shownByNoRepeatBits: Math.max(0, 2 * Math.log2(Math.max(1, tokens.length)) - 1),
  }
  const measured: Measured = {
    sample,
    layers: contents.layers,
    protection: contents.protection,
    nominalBits: best?.nominalBits ?? 0,
    effectiveBits: best?.effectiveBits ?? 0,
    parts,
  }
  return { ...measured, ...judgeScore(measured, best) }
}
