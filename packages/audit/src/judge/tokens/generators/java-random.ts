const A = 0x5deece66dn
const C = 0xbn
const MASK = 2n ** 48n - 1n

/** Two successive `nextInt()` leave 65536 states; the third number tells whether one of them is it. */
export function isJavaRandom(words: Uint32Array): boolean {
  for (let start = 0; start + 3 < words.length && start < 8; start++) {
    if (followsFrom(words.subarray(start, start + 4))) return true
  }
  return false
}

function followsFrom(words: Uint32Array): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = words
  const target = BigInt(second)
  const high = BigInt(first) << 16n
  for (let low = 0n; low < 65_536n; low++) {
    let state = ((high | low) * A + C) & MASK
    if (state >> 16n !== target) continue
    state = (state * A + C) & MASK
    if (state >> 16n !== BigInt(third)) continue
    state = (state * A + C) & MASK
    if (state >> 16n === BigInt(fourth)) return true
  }
  return false
}
