// Formulas, constants and sources: docs/audit/statistics.md#known-generators

/** The most significant bits of a 64-bit number. */
export interface TopBits {
  readonly bits: bigint
  readonly known: number
}

const MASK = 2n ** 64n - 1n

/**
 * The tokens as the fractions they were, if they look like `Math.random().toString(36).slice(2)`, the like in hex, or
 * its decimal digits.
 */
export function toFractions(values: readonly string[]): TopBits[] | null {
  const longest = values.reduce((most, value) => Math.max(most, value.length), 0)
  const base = values.every((value) => /^\d{14,20}$/.test(value)) ? 10 : longest <= 14 ? 36 : 0
  if (base === 0 || longest < 8 || !values.every((value) => /^[0-9a-z]+$/.test(value))) return null
  const isHex = longest > 12 && values.every((value) => /^[0-9a-f]+$/.test(value))
  return values.map((value) => toTopBits(value, isHex ? 16 : base, longest))
}

function toTopBits(value: string, base: number, longest: number): TopBits {
  let digits = 0n
  for (const letter of value) digits = digits * BigInt(base) + BigInt(Number.parseInt(letter, base))
  const scale = BigInt(base) ** BigInt(value.length)
  // All digits of a fraction name it exactly; cut off, the last few bits may be wrong by a carry.
  const isWhole = longest * Math.log2(base) > 51
  const known = isWhole ? 52 : Math.floor(value.length * Math.log2(base)) - 4
  const m = isWhole ? (digits * 2n ** 54n + scale) / (2n * scale) : (digits * 2n ** 53n) / scale
  return { bits: (m << 11n) & MASK, known }
}

/** xorshift128+ as V8 has it: its numbers come from a cache of 64, last one first. */
export function isMathRandom(fractions: readonly TopBits[]): boolean {
  const known = fractions.reduce((least, one) => Math.min(least, one.known), 64)
  // Above this bit, two numbers fix the third, without the bits that the fraction does not show.
  const from = 64 - known + 23
  const bits = 64 - from
  if (bits < 8 || fractions.length < 6) return false
  let follow = 0
  for (let i = 2; i < fractions.length; i++) {
    const [third, second, first] = [fractions[i - 2], fractions[i - 1], fractions[i]].map((one) => one?.bits ?? 0n)
    if (((third ?? 0n) ^ next(first ?? 0n, second ?? 0n)) >> BigInt(from) === 0n) follow++
  }
  const tries = fractions.length - 2
  return follow > tries / 4 && follow * bits >= 48
}

function next(first: bigint, second: bigint): bigint {
  const mixed = (first ^ (first << 23n)) & MASK
  return mixed ^ (mixed >> 17n) ^ second ^ (second >> 26n)
}
