/** Multipliers of generators modulo 2^31 - 1: minstd as it was, and as it is. */
const MINSTD = [16807n, 48271n]
const MERSENNE_31 = 2n ** 31n - 1n

/** Does each number follow from the one before as `a * x + c`, modulo 2^32, 2^31 or 2^31 - 1? */
export function isCongruential(words: Uint32Array): boolean {
  return followsModulo(words, 0xffffffff) || followsModulo(words, 0x7fffffff) || isMinstd(words)
}

function followsModulo(words: Uint32Array, mask: number): boolean {
  if (words.some((word) => word > mask)) return false
  const steps = Array.from(words.subarray(1), (word, i) => ((word - (words[i] ?? 0)) & mask) >>> 0)
  const odd = steps.findIndex((step) => (step & 1) === 1)
  if (odd < 0 || odd + 1 >= steps.length) return false
  const a = Math.imul(steps[odd + 1] ?? 0, inverse(steps[odd] ?? 1)) & mask
  // One is a counter, which is told of in its own words; minus one goes to and fro; an even one dies out.
  if (a === 1 || a === (-1 & mask) || (a & 1) === 0) return false
  let follow = 0
  for (let i = 1; i < steps.length; i++) {
    if ((Math.imul(a, steps[i - 1] ?? 0) & mask) >>> 0 === steps[i]) follow++
  }
  return isMost(follow - 1, steps.length - 1)
}

function isMinstd(words: Uint32Array): boolean {
  return MINSTD.some((a) => {
    let follow = 0
    for (let i = 1; i < words.length; i++) {
      if ((BigInt(words[i - 1] ?? 0) * a) % MERSENNE_31 === BigInt(words[i] ?? 0)) follow++
    }
    return isMost(follow, words.length - 1)
  })
}

/** Of an odd number, modulo 2^32 (Newton). */
function inverse(odd: number): number {
  let x = odd
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x))
  return x
}

/** By chance one in four thousand million does; several processes behind one name break the chain now and then. */
function isMost(follow: number, of: number): boolean {
  return of >= 3 && follow >= 3 && follow > of / 4
}
