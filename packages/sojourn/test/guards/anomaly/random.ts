/** A generator of numbers that depend on the seed only. */
export interface Random {
  /** From 0 to 1. */
  next(): number
  /** Whether something of this probability happens. */
  is(probability: number): boolean
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number
  /** An exponentially distributed number. */
  exp(mean: number): number
  one<T>(all: readonly T[]): T
  /** One of a table of things with weights. */
  weighted<T>(table: readonly (readonly [weight: number, thing: T])[]): T
}

export function createRandom(seed: string): Random {
  let state = hash(seed)
  // Mulberry32, by Tommy Ettinger, in the public domain.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const random: Random = {
    next,
    is: (probability) => next() < probability,
    int: (from, to) => from + Math.floor(next() * (to - from + 1)),
    exp: (mean) => -Math.log(1 - next()) * mean,
    one: (all) => all[Math.floor(next() * all.length)] as (typeof all)[number],
    weighted(table) {
      let left = next() * table.reduce((sum, [weight]) => sum + weight, 0)
      for (const [weight, thing] of table) {
        left -= weight
        if (left < 0) return thing
      }
      return (table.at(-1) as (typeof table)[number])[1]
    },
  }
  return random
}

function hash(text: string): number {
  let h = 2166136261
  for (const character of text) h = Math.imul(h ^ character.charCodeAt(0), 16777619)
  return h >>> 0
}
