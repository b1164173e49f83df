import { createHash, randomBytes, randomUUID } from 'node:crypto'

/** When the tokens of these generators are issued. */
export const NOW = 1_780_000_000_000

export const hex = (words: readonly number[]): string =>
  words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')

const list = (n: number, make: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => make(i))

/** A seeded generator of fair numbers, so that a failing run can be run again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
}

export const good: Readonly<Record<string, (n: number) => string[]>> = {
  'hex of 16 bytes': (n) => list(n, () => randomBytes(16).toString('hex')),
  'base64url of 24 bytes': (n) => list(n, () => randomBytes(24).toString('base64url')),
  'base64 of 20 bytes, padded': (n) => list(n, () => randomBytes(20).toString('base64')),
  '22 letters of 62, without bias': (n) => list(n, () => letters(62, 22)),
  '26 letters of 32': (n) => list(n, () => letters(32, 26)),
  '40 decimal digits': (n) => list(n, () => letters(10, 40)),
  '25 letters of 36': (n) => list(n, () => letters(36, 25)),
  'a constant prefix and 16 bytes': (n) => list(n, () => `sess_${randomBytes(16).toString('hex')}`),
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

function letters(size: number, count: number): string {
  const limit = 256 - (256 % size)
  let text = ''
  while (text.length < count) {
    for (const byte of randomBytes(64)) if (byte < limit && text.length < count) text += ALPHABET.charAt(byte % size)
  }
  return text
}

export const uuids = (n: number): string[] => list(n, () => randomUUID())

export const counter = (n: number): string[] => list(n, (i) => (1000 + i).toString())
export const hexCounter = (n: number): string[] => list(n, (i) => (0xabc000 + i).toString(16).padStart(32, '0'))
export const counterAndRandom = (n: number): string[] =>
  list(n, (i) => (0x10000000 + i * 7).toString(16) + randomBytes(16).toString('hex'))
export const milliseconds = (n: number): string[] => list(n, (i) => String(NOW + i * 37))
export const hexSeconds = (n: number): string[] =>
  list(n, (i) => Math.floor(NOW / 1000 + i / 3).toString(16) + randomBytes(4).toString('hex'))
export const uuidV7 = (n: number): string[] =>
  list(n, (i) => {
    const time = (NOW + i).toString(16).padStart(12, '0')
    const rest = randomBytes(10).toString('hex')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6, 18)}`
  })
export const uuidV1 = (n: number): string[] =>
  list(n, (i) => {
    const time = ((BigInt(NOW + i) + 12_219_292_800_000n) * 10_000n).toString(16).padStart(15, '0')
    return `${time.slice(7)}-${time.slice(3, 7)}-1${time.slice(0, 3)}-9abc-0242ac120002`
  })
export const objectIds = (n: number): string[] =>
  list(
    n,
    (i) => `${Math.floor(NOW / 1000 + i / 9).toString(16)}a1b2c3d4e5${(0x00ff00 + i).toString(16).padStart(6, '0')}`,
  )
export const snowflakes = (n: number): string[] =>
  list(n, (i) => String((BigInt(NOW + i * 3 - 1_288_834_974_657) << 22n) | (7n << 12n) | BigInt(i % 4)))
export const md5OfTime = (n: number): string[] =>
  list(n, (i) =>
    createHash('md5')
      .update(String(Math.floor(NOW / 1000) + i))
      .digest('hex'),
  )
export const md5OfMilliseconds = (n: number): string[] =>
  list(n, (i) =>
    createHash('md5')
      .update(String(NOW + i * 11))
      .digest('hex'),
  )
export const sha1OfCounter = (n: number): string[] =>
  list(n, (i) =>
    createHash('sha1')
      .update(String(i + 100))
      .digest('hex'),
  )

export const lcg32 = (n: number): string[] => {
  let state = 12345
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0)
  return list(n, () => hex([next(), next(), next(), next()]))
}

export const minstd = (n: number): string[] => {
  let state = 4242n
  return list(n, () => {
    state = (state * 48271n) % 2147483647n
    return String(state)
  })
}

export const javaRandom = (n: number): string[] => {
  let state = 0x1234abcd5678n
  const next = () => {
    state = (state * 0x5deece66dn + 0xbn) & (2n ** 48n - 1n)
    return Number(state >> 16n)
  }
  return list(n, () => hex([next(), next()]))
}

/** Only the upper 16 bits of each state, so that the next cannot be computed from the last. */
export const truncatedXorshift = (n: number): string[] => {
  let x = 2463534242
  const next = () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 16).toString(16).padStart(4, '0')
  }
  return list(n, () => list(8, next).join(''))
}

export const mersenneTwister = (n: number): string[] => {
  const state = new Uint32Array(624)
  state[0] = 5489
  for (let i = 1; i < 624; i++) {
    const last = (state[i - 1] ?? 0) ^ ((state[i - 1] ?? 0) >>> 30)
    state[i] = Math.imul(1812433253, last) + i
  }
  let at = 624
  const next = (): number => {
    if (at === 624) {
      for (let i = 0; i < 624; i++) {
        const y = ((state[i] ?? 0) & 0x80000000) | ((state[(i + 1) % 624] ?? 0) & 0x7fffffff)
        state[i] = (state[(i + 397) % 624] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
      }
      at = 0
    }
    let y = state[at++] ?? 0
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
  return list(n, () => hex([next(), next(), next(), next()]))
}

export const mathRandomBase36 = (n: number): string[] => list(n, () => Math.random().toString(36).slice(2))
export const mathRandomHex = (n: number): string[] => list(n, () => hex([Math.random() * 2 ** 32]))

export const shortAlphabet = (n: number): string[] =>
  list(n, () => [...randomBytes(16)].map((byte) => (byte % 3).toString(16)).join(''))
export const constantAnd32 = (n: number): string[] =>
  list(n, () => `deadbeefcafe0123456789ab${randomBytes(4).toString('hex')}`)
export const repeated32 = (n: number): string[] => list(n, () => randomBytes(4).toString('hex').repeat(4))
/** 32 fair bits spread over 128 by exclusive or: every bit is fair, and hardly any pair agrees. */
export const spread32 = (n: number): string[] => {
  const rows = list(128, () => '').map(() => randomBytes(4).readUInt32BE())
  return list(n, () => {
    const seed = randomBytes(4).readUInt32BE()
    const bits = rows.map((row) => parity(row & seed)).join('')
    return (bits.match(/.{4}/g) ?? []).map((nibble) => Number.parseInt(nibble, 2).toString(16)).join('')
  })
}

function parity(word: number): number {
  let x = word ^ (word >>> 16)
  x ^= x >>> 8
  x ^= x >>> 4
  return (0x6996 >>> (x & 15)) & 1
}

export const stuckBit = (n: number): string[] => list(n, () => changed((bytes) => (bytes[5] = (bytes[5] ?? 0) | 0x10)))
export const biasedBit = (n: number): string[] =>
  list(n, () => changed((bytes) => (bytes[9] = (bytes[9] ?? 0) | ((randomBytes(1)[0] ?? 0) < 77 ? 0x40 : 0))))
export const moduloBias = (n: number): string[] =>
  list(n, () => [...randomBytes(24)].map((byte) => ALPHABET.charAt(byte % 62)).join(''))
export const fewOnly = (n: number): string[] => {
  const pool = list(4096, () => randomBytes(16).toString('hex'))
  return list(n, () => pool[randomBytes(2).readUInt16BE() % 4096] ?? '')
}

function changed(change: (bytes: Uint8Array) => void): string {
  const bytes = randomBytes(16)
  change(bytes)
  return bytes.toString('hex')
}
