import { type Driven, drive } from './drive.ts'
import type { History } from './history.ts'
import { HONEST, makeHonest } from './honest.ts'
import { HOSTILE, makeHostile } from './hostile.ts'
import { type Knowledge, locateWith } from './internet.ts'
import { createRandom } from './random.ts'

/** `seen` was looked at while the guard was made, `unseen` was not. */
export type Half = 'seen' | 'unseen'

export interface Result {
  readonly history: Pick<History, 'kind' | 'hostile'>
  /** Drawn by the shares of the kinds, or one of a fixed number of its kind. */
  readonly isMixed: boolean
  readonly driven: Driven
}

export interface Sizes {
  /** Honest histories by the shares of their kinds. */
  readonly mixed: number
  /** Honest histories of each kind, beside those. */
  readonly honest: number
  /** Hostile histories of each kind. */
  readonly hostile: number
}

export const WHOLE: Sizes = { mixed: 700, honest: 60, hostile: 60 }

export async function measure(half: Half, knowledge: Knowledge, sizes: Sizes = WHOLE): Promise<readonly Result[]> {
  const options = knowledge === 'none' ? {} : { locate: locateWith(knowledge) }
  const results: Result[] = []
  for (const { history, isMixed } of histories(half, sizes)) {
    results.push({ history, isMixed, driven: await drive(history, options) })
  }
  return results
}

interface Planned {
  readonly history: History
  readonly isMixed: boolean
}

function* histories(half: Half, sizes: Sizes): Generator<Planned> {
  const shares = Object.entries(HONEST).map(([kind, { share }]) => [share, kind] as const)
  for (let i = 0; i < sizes.mixed; i++) {
    const random = createRandom(`${half} mixed ${i}`)
    yield { history: makeHonest(random.weighted(shares), random), isMixed: true }
  }
  for (const kind of Object.keys(HONEST)) {
    for (let i = 0; i < sizes.honest; i++) {
      yield { history: makeHonest(kind, createRandom(`${half} ${kind} ${i}`)), isMixed: false }
    }
  }
  for (const kind of Object.keys(HOSTILE)) {
    for (let i = 0; i < sizes.hostile; i++) {
      yield { history: makeHostile(kind, createRandom(`${half} ${kind} ${i}`)), isMixed: false }
    }
  }
}

/** Whether the guard says something at this level or above. */
export function isFound({ driven }: Result, least: 'medium' | 'high'): boolean {
  return driven.found.some(({ level }) => level === 'high' || level === least)
}

export interface Rate {
  readonly hits: number
  readonly of: number
  readonly low: number
  readonly high: number
}

/** A share with its 95 % confidence interval (Wilson score). */
export function toRate(hits: number, of: number): Rate {
  if (of === 0) return { hits, of, low: 0, high: 1 }
  const z = 1.959964
  const p = hits / of
  const middle = p + (z * z) / (2 * of)
  const half = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of))
  const whole = 1 + (z * z) / of
  return { hits, of, low: Math.max(0, (middle - half) / whole), high: Math.min(1, (middle + half) / whole) }
}

export function rateOf(results: readonly Result[], is: (result: Result) => boolean): Rate {
  return toRate(results.filter(is).length, results.length)
}
