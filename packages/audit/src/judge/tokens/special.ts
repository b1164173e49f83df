// Formulas, constants and sources: docs/audit/statistics.md#distributions

/** Tails of the distributions that the tests need. Approximation errors are in the direction that accuses less. */

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const shifted = x - 1
  const sum = LANCZOS.reduce((total, value, i) => total + value / (shifted + i + 1), 0.99999999999980993)
  const t = shifted + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum)
}

export function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
}

/** Both tails of the standard normal distribution: P(|Z| >= |z|). Relative error below 1.2e-7 everywhere. */
export function normalTails(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.5 * x)
  const series = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
    -1.26551223,
  ].reduce((sum, c) => sum * t + c, 0)
  return t * Math.exp(-x * x + series)
}

/** P(X >= x) for chi-square with `degrees` degrees of freedom. */
export function chiSquareTail(x: number, degrees: number): number {
  if (x <= 0 || degrees <= 0) return 1
  const a = degrees / 2
  const half = x / 2
  const front = Math.exp(a * Math.log(half) - half - logGamma(a))
  return half < a + 1 ? Math.max(0, 1 - front * lowerSeries(a, half)) : front * upperFraction(a, half)
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = a + 1; term > sum * 1e-16; n++) {
    term *= x / n
    sum += term
  }
  return sum
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1e300
  let d = 1 / b
  let h = d
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - a)
    b += 2
    d = 1 / (an * d + b)
    c = b + an / c
    h *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return h
}

/** Both tails of a count of `n` draws that each come out with probability `p`: twice the exact smaller tail. */
export function binomialTails(count: number, n: number, p: number): number {
  if (n === 0 || p <= 0 || p >= 1) return 1
  const step = count > n * p ? 1 : -1
  let term = Math.exp(logChoose(n, count) + count * Math.log(p) + (n - count) * Math.log1p(-p))
  let sum = term
  for (let k = count; term > sum * 1e-12; k += step) {
    term *= step > 0 ? ((n - k) * p) / ((k + 1) * (1 - p)) : (k * (1 - p)) / ((n - k + 1) * p)
    sum += term
  }
  return Math.min(1, 2 * sum)
}

/** The same for fair bits. Uses the normal curve near the middle, where nothing is decided. */
export function fairTails(count: number, n: number): number {
  if (n === 0) return 1
  const z = (Math.abs(2 * count - n) - 1) / Math.sqrt(n)
  if (z <= 0) return 1
  return z < 3 ? normalTails(z) : binomialTails(count, n, 0.5)
}
