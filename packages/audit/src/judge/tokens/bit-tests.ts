import { type BitColumn, toSequence } from './bit-columns.ts'
import type { Family } from './family.ts'
import { linearComplexityTail } from './linear.ts'
import { chiSquareTail, fairTails } from './special.ts'

// Formulas, constants and sources: docs/audit/statistics.md#bits-one-column-at-a-time

const PER_CELL = 10

/** The four tests of FIPS 140-2 for any number of bits, and tests for what those do not detect. */
export function bitTests(family: Family, columns: readonly BitColumn[]): void {
  columns.forEach((column, index) => {
    const name = () => `bit ${column.bit + 1} of position ${column.at + 1}`
    const add = (test: string, p: number) => family.add(test, 'bit', p, index, name)
    const bits = toSequence(column)
    add('monobit', fairTails(column.ones, column.length))
    if (bits.length / 64 >= PER_CELL) add('poker', poker(bits))
    runs(bits, add)
    for (const lag of lagsOf(bits.length)) {
      const p = autocorrelation(bits, lag)
      family.add('autocorrelation', 'bit', p, index, () => `${name()}, ${lag} ${lag === 1 ? 'token' : 'tokens'} apart`)
    }
    if (bits.length >= 256) add('spectral', spectralTail(bits))
    if (bits.length >= 64) add('linear complexity', linearComplexityTail(bits))
  })
}

function poker(bits: Uint8Array): number {
  const counts = new Float64Array(16)
  const blocks = bits.length >>> 2
  for (let i = 0; i < blocks * 4; i += 4) {
    const nibble = ((bits[i] ?? 0) << 3) | ((bits[i + 1] ?? 0) << 2) | ((bits[i + 2] ?? 0) << 1) | (bits[i + 3] ?? 0)
    counts[nibble] = (counts[nibble] ?? 0) + 1
  }
  const squares = counts.reduce((sum, count) => sum + count * count, 0)
  return chiSquareTail((16 / blocks) * squares - blocks, 15)
}

/** How long bits stay the same: lengths 1 to 5 and longer, and the longest run. */
function runs(bits: Uint8Array, add: (test: string, p: number) => void): void {
  const counts = new Float64Array(6)
  let longest = 0
  let run = 1
  let total = 0
  for (let i = 1; i <= bits.length; i++) {
    if (i < bits.length && bits[i] === bits[i - 1]) {
      run++
      continue
    }
    longest = Math.max(longest, run)
    const length = Math.min(run, 6) - 1
    counts[length] = (counts[length] ?? 0) + 1
    total++
    run = 1
  }
  // An upper bound: a run like this begins at each position with probability 2^-longest.
  add('long run', Math.min(1, (bits.length - longest + 2) * 2 ** -longest))
  if (total / 32 < PER_CELL) return
  const x = counts.reduce((sum, count, i) => {
    const expected = total / 2 ** Math.min(i + 1, 5)
    return sum + (count - expected) ** 2 / expected
  }, 0)
  add('runs', chiSquareTail(x, 5))
}

/** Every short lag, and powers of two, because the low bits of a linear congruential generator repeat after one. */
function lagsOf(length: number): number[] {
  const lags = [1, 2, 3, 4, 5, 6, 7, 8]
  for (let lag = 16; lag <= length / 4; lag *= 2) lags.push(lag)
  return lags.filter((lag) => lag <= length / 2)
}

/** The number of bits that agree with the one `lag` later: half of them on average if they are fair and independent. */
function autocorrelation(bits: Uint8Array, lag: number): number {
  let differ = 0
  for (let i = lag; i < bits.length; i++) differ += (bits[i] ?? 0) ^ (bits[i - lag] ?? 0)
  return fairTails(differ, bits.length - lag)
}

/** Returns P that the strongest frequency of random bits is at least as strong as in this series. */
export function spectralTail(bits: Uint8Array): number {
  const n = 2 ** Math.floor(Math.log2(bits.length))
  const re = Float64Array.from({ length: n }, (_, i) => 2 * (bits[i] ?? 0) - 1)
  const im = new Float64Array(n)
  transform(re, im)
  let strongest = 0
  for (let k = 1; k < n / 2; k++) strongest = Math.max(strongest, ((re[k] ?? 0) ** 2 + (im[k] ?? 0) ** 2) / n)
  // For large n, each of the n/2 strengths is exponential with mean one. Twice that tail leaves a margin for small n.
  return Math.min(1, n * Math.exp(-strongest))
}

/** Fourier transform in place, radix two. */
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
