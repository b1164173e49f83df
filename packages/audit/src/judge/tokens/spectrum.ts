/** The strongest periodic part of a series of bits; P of one as strong, at most. */
export function spectralTail(bits: Uint8Array): number {
  const n = 2 ** Math.floor(Math.log2(bits.length))
  const re = Float64Array.from({ length: n }, (_, i) => 2 * (bits[i] ?? 0) - 1)
  const im = new Float64Array(n)
  transform(re, im)
  let strongest = 0
  for (let k = 1; k < n / 2; k++) strongest = Math.max(strongest, ((re[k] ?? 0) ** 2 + (im[k] ?? 0) ** 2) / n)
  // Each is exponential with mean one. The bound for bounded terms is twice that tail, and holds for every n.
  return Math.min(1, n * Math.exp(-strongest))
}

/** In place, radix two. */
function transform(re: Float64Array, im: Float64Array): void {
  const n = re.length
  reverseBits(re)
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2
    for (let k = 0; k < half; k++) {
      const angle = (-2 * Math.PI * k) / size
      const cos = Math.cos(angle)
      const sin = Math.sin(angle)
      for (let i = k; i < n; i += size) {
        const j = i + half
        const a = (re[j] ?? 0) * cos - (im[j] ?? 0) * sin
        const b = (re[j] ?? 0) * sin + (im[j] ?? 0) * cos
        re[j] = (re[i] ?? 0) - a
        im[j] = (im[i] ?? 0) - b
        re[i] = (re[i] ?? 0) + a
        im[i] = (im[i] ?? 0) + b
      }
    }
  }
}

function reverseBits(values: Float64Array): void {
  for (let i = 1, j = 0; i < values.length; i++) {
    let bit = values.length >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i >= j) continue
    const kept = values[i] ?? 0
    values[i] = values[j] ?? 0
    values[j] = kept
  }
}
