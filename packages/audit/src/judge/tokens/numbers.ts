import { alphabetOf } from './positions.ts'

/** A part of the tokens that is a number in every one of them. */
export interface NumberSeries {
  readonly how: string
  /** The range of letters; `to` is exclusive. */
  readonly from: number
  readonly to: number
  readonly values: readonly bigint[]
}

const BASES: Readonly<Record<string, number>> = { decimal: 10, hex: 16, base36: 36 }

/** The tokens as bytes, if they are hex (with hyphens, as in UUIDs) or base64 of whole bytes. */
export function toBytes(value: string): Uint8Array | null {
  const hex = value.replaceAll('-', '')
  if (/^(?:[0-9a-f]{2})+$/.test(hex) || /^(?:[0-9A-F]{2})+$/.test(hex)) return Uint8Array.from(Buffer.from(hex, 'hex'))
  const plain = value.replace(/=+$/, '')
  if (!/^[\w+/-]+$/.test(plain) || plain.length % 4 === 1) return null
  const bytes = Buffer.from(plain, 'base64')
  const again = bytes.toString('base64').replace(/=+$/, '')
  return again === plain.replaceAll('-', '+').replaceAll('_', '/') ? Uint8Array.from(bytes) : null
}

/**
 * A whole token as one number, or what follows the same prefix in every token (`session-1041`): decimal, hex or base 36 of at
 * most 20 letters.
 */
export function wholeNumbers(values: readonly string[]): NumberSeries[] {
  const prefix = commonPrefix(values).replace(/\d+$/, '').length
  const rest = values.map((value) => value.slice(prefix))
  // The part after the prefix comes first: in base 36 the prefix would be part of the number.
  return [...(prefix === 0 ? [] : numbersIn(rest, prefix)), ...numbersIn(values, 0)]
}

function numbersIn(values: readonly string[], from: number): NumberSeries[] {
  const longest = values.reduce((most, value) => Math.max(most, value.length), 0)
  if (longest > 20 || values.includes('')) return []
  const { name } = alphabetOf(new Set(values.flatMap((value) => [...value])))
  return Object.entries(BASES)
    .filter(([base]) => base === name || (base === 'hex' && name === 'decimal'))
    .map(([how, base]) => ({
      how,
      from,
      to: from + longest,
      values: values.map((value) => toBig(value, base)),
    }))
}

function commonPrefix(values: readonly string[]): string {
  const [first = ''] = values
  const end = [...first].findIndex((letter, i) => values.some((value) => value[i] !== letter))
  return end < 0 ? first : first.slice(0, end)
}

/** Windows of bytes, at every offset where a clock could be. */
export function* byteWindows(values: readonly string[]): Generator<NumberSeries> {
  const { length } = values[0] ?? ''
  if (values.some((value) => value.length !== length)) return
  const bytes = values.map(toBytes)
  const count = bytes[0]?.length ?? 0
  const perByte = length / count
  const all = bytes.flatMap((one) => (one === null || one.length !== count ? [] : [one]))
  if (all.length !== values.length || count === 0) return
  for (const size of [4, 6, 8]) {
    for (let at = 0; at + size <= count; at++) {
      const from = Math.floor(at * perByte)
      const to = Math.min(length, Math.ceil((at + size) * perByte))
      yield { how: `${size} bytes`, from, to, values: all.map((one) => bytesToBig(one.subarray(at, at + size))) }
      const reversed = all.map((one) => bytesToBig(one.slice(at, at + size).reverse()))
      yield { how: `${size} bytes, lowest first`, from, to, values: reversed }
    }
  }
}

function toBig(text: string, base: number): bigint {
  let value = 0n
  for (const letter of text.toLowerCase()) value = value * BigInt(base) + BigInt(Number.parseInt(letter, base) || 0)
  return value
}

function bytesToBig(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
