const N = 624
const M = 397

/** The recurrence of mt19937, tried wherever enough numbers stand in a row. */
export function isMersenneTwister(words: Uint32Array): boolean {
  const tries = words.length - N
  if (tries < 3) return false
  const state = words.map(untemper)
  let follow = 0
  for (let i = 0; i < tries; i++) {
    const y = ((state[i] ?? 0) & 0x80000000) | ((state[i + 1] ?? 0) & 0x7fffffff)
    const next = (state[i + M] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    if (next >>> 0 === state[i + N]) follow++
  }
  return follow >= 3 && follow > tries / 4
}

/** Undoes what the generator does to a number of its state before it gives it out. */
function untemper(word: number): number {
  let y = word ^ (word >>> 18)
  y ^= (y << 15) & 0xefc60000
  let x = y
  for (let i = 0; i < 5; i++) x = y ^ ((x << 7) & 0x9d2c5680)
  let z = x
  for (let i = 0; i < 3; i++) z = x ^ (z >>> 11)
  return z >>> 0
}
