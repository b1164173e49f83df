import { deflateRawSync } from 'node:zlib'
import type { BitColumn } from './bit-columns.ts'
import type { Family } from './family.ts'

// Formulas, constants and sources: docs/audit/statistics.md#bits-among-each-other

/** The bytes are read in two orders. A megabyte is enough. */
const MOST_BYTES = 1 << 20

/** A code shortens at most one in 2^k random strings by k bits, so the bits that deflate saves are a bound on P. */
export function compressionTests(family: Family, columns: readonly BitColumn[], tokens: number): void {
  const whole = columns.filter(({ length }) => length === tokens)
  if (whole.length * tokens < 4096) return
  const add = (bytes: Uint8Array, name: string) => {
    const saved = bytes.length - deflateRawSync(bytes).length
    family.add('compression', 'token', Math.min(1, 2 ** (1 - 8 * saved)), -1, () => name)
  }
  add(byToken(whole, tokens), 'token by token')
  add(byColumn(whole, tokens), 'bit by bit')
}

function byToken(columns: readonly BitColumn[], tokens: number): Uint8Array {
  const rows = Math.min(tokens, Math.floor((MOST_BYTES * 8) / columns.length))
  const bytes = new Uint8Array((rows * columns.length) >>> 3)
  let at = 0
  for (let row = 0; row < rows; row++) {
    for (const { bits } of columns) {
      if (at >>> 3 >= bytes.length) return bytes
      const bit = ((bits[row >>> 5] ?? 0) >>> (row & 31)) & 1
      bytes[at >>> 3] = (bytes[at >>> 3] ?? 0) | (bit << (7 - (at & 7)))
      at++
    }
  }
  return bytes
}

function byColumn(columns: readonly BitColumn[], tokens: number): Uint8Array {
  const size = tokens >>> 3
  const bytes = new Uint8Array(Math.min(MOST_BYTES, columns.length * size))
  columns.forEach(({ bits }, c) => {
    const whole = new Uint8Array(bits.buffer, 0, size)
    if ((c + 1) * size <= bytes.length) bytes.set(whole, c * size)
  })
  return bytes
}
