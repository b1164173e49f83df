import { hashSecret } from '../../src/core/token/token.ts'
import { isTime, toTick } from './ticks.ts'

/**
 * A part of a state as its fingerprint sees it: a number that stands for itself, a text that counts by its place of first
 * appearance (a secret, an id, a version), or a time, which counts from now.
 */
export type Piece = number | string | { readonly tick: number; readonly field: string }

/** Left out: what follows from the rest, and what no decision looks at. */
const LEFT_OUT = new Set(['setup', 'view', 'locator', 'nonce', 'sealedKey', 'expiresAt', 'vault', 'texts', 'userId'])

const known = new WeakMap<object, readonly Piece[]>()

/** Core's own objects are taken apart field by field, whatever fields they have. None is changed once a step is over. */
export function piecesOf(value: object): readonly Piece[] {
  const before = known.get(value)
  if (before !== undefined) return before
  const found: Piece[] = []
  collectFields(value, found)
  known.set(value, found)
  return found
}

function collectFields(value: object, into: Piece[]): void {
  for (const [key, inner] of Object.entries(value).sort(byKey)) {
    if (LEFT_OUT.has(key) || inner === undefined) continue
    into.push(wordOf(key))
    collect(inner, key, into)
  }
  into.push(END)
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}

function collect(value: unknown, field: string, into: Piece[]): void {
  if (value instanceof Uint8Array) into.push(hashSecret(value))
  else if (Array.isArray(value)) {
    for (const one of value) collect(one, field, into)
    into.push(END)
  } else if (typeof value === 'object' && value !== null) into.push(...piecesOf(value))
  else if (typeof value === 'string' && value.length >= SHORTEST_SECRET) into.push(value)
  else if (typeof value === 'number' && field === 'version') into.push(`version ${value}`)
  else if (typeof value === 'number' && isTime(value)) into.push({ tick: toTick(value), field })
  else into.push(wordOf(String(value)))
}

/** Ids have 22 characters, hashes 43. */
const SHORTEST_SECRET = 16

const words = new Map<string, number>()

/** A word of core's own as a number. There are few. */
export function wordOf(word: string): number {
  let number = words.get(word)
  if (number === undefined) {
    number = words.size
    words.set(word, number)
  }
  return number
}

const END = wordOf('end')
