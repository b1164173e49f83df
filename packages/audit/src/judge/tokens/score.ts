import { openEnvelopes } from './envelope.ts'
import { type PartScore, scorePart } from './score-part.ts'
import { type Judgement, judgeScore, type Measured } from './verdict.ts'

// Formulas, constants and sources: docs/audit/statistics.md#one-level-for-all-tests

export interface ScoreOptions {
  /** When each token was issued, in milliseconds: clocks, and equal tokens of one second, are then told surely. */
  readonly issuedAt?: readonly number[]
  /** Where clocks are sought without `issuedAt`. Default: now. */
  readonly now?: number
  /** The chance, at most, that any test of the whole family accuses a good generator. Default: 0.0001. */
  readonly alpha?: number
}

/** What a list of tokens says about the generator that makes them. Holds no token, and no part of one. */
export interface TokenScore extends Measured, Judgement {}

/** More parts than this are data, not an id. */
const MOST_PARTS = 12

/** @throws nothing: any strings can be scored, in the order of issue. */
export function scoreTokens(tokens: readonly string[], options: ScoreOptions = {}): TokenScore {
  const alpha = options.alpha ?? 1e-4
  const clock = { at: options.issuedAt, now: options.now ?? Date.now() }
  const contents = openEnvelopes(tokens)
  const varied = contents.parts.filter(({ values }) => values.some((value) => value !== values[0]))
  const parts = varied.slice(0, MOST_PARTS).map((part) => scorePart(part, clock, alpha / varied.length))
  // Parts may depend on each other: the best one alone is what is sure.
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
