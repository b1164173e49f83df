import { hash } from 'node:crypto'
import type { Clock } from './structures/structure.ts'

// Formulas, constants and sources: docs/audit/statistics.md#known-generators

/** The hashes with each length in hex. */
const HASHES: Readonly<Record<number, readonly string[]>> = { 32: ['md5'], 40: ['sha1'], 64: ['sha256'] }

const MOST_COUNTERS = 50_000
const SECONDS_AROUND = 21_600
const MS_AROUND = 3_000

/** A hash of something small looks random but is not. It is found by hashing common inputs. */
export function findHashed(tokens: readonly string[], clock: Clock): string | null {
  const wanted = new Set(tokens.slice(0, 200).map((token) => token.toLowerCase()))
  const length = tokens[0]?.length ?? 0
  const names = HASHES[length]
  if (names === undefined || ![...wanted].every((token) => /^[0-9a-f]+$/.test(token) && token.length === length))
    return null
  for (const name of names) {
    for (const [what, inputs] of guesses(clock)) {
      for (const input of inputs) {
        if (wanted.has(hash(name, input))) return `${name} of ${what}`
      }
    }
  }
  return null
}

function guesses({ at, now }: Clock): readonly (readonly [string, Iterable<string>])[] {
  const first = at?.[0] ?? now
  const seconds = Math.floor(first / 1000)
  return [
    ['a counter', range(0, MOST_COUNTERS)],
    ['the time in seconds', range(seconds - SECONDS_AROUND, seconds + SECONDS_AROUND / 10)],
    ...(at === undefined ? [] : [['the time in milliseconds', range(first - MS_AROUND, first + MS_AROUND)] as const]),
  ]
}

function* range(from: number, to: number): Generator<string> {
  for (let value = Math.floor(from); value < to; value++) yield String(value)
}
