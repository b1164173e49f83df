import { percentDecoded } from '../decode/bytes.ts'
import { decode } from '../decode/decode.ts'
import type { Decoded } from '../decode/decoded.ts'
import { leavesOf } from '../decode/reveals.ts'

/** The content of the tokens, which is scored: a signature around a weak id hides it from statistics. */
export interface Contents {
  /** From the outside in: "Express signed cookie". */
  readonly layers: readonly string[]
  readonly protection: Protection
  /** Each part that every token has, in the order of issue. */
  readonly parts: readonly Part[]
}

/** A part that may be a signature counts as none. */
type Protection = Exclude<Decoded['protection'], 'unknown'>

export interface Part {
  readonly name: string
  readonly values: readonly string[]
}

const DEEPEST = 4

/** Opens every envelope that all of the tokens have. */
export function openEnvelopes(tokens: readonly string[]): Contents {
  const outer = tokens.map(percentDecoded)
  const contents = open(outer, 0)
  return outer.some((value, i) => value !== tokens[i])
    ? { ...contents, layers: ['percent-encoding', ...contents.layers] }
    : contents
}

function open(values: readonly string[], depth: number): Contents {
  const closed: Contents = { layers: [], protection: 'none', parts: [{ name: 'token', values }] }
  const kind = depth < DEEPEST ? decode(values[0] ?? '')?.kind : undefined
  if (kind === undefined) return closed
  const parts = new Map<string, string[]>()
  let first: Decoded | undefined
  for (const value of values) {
    const decoded = decode(value)
    if (decoded?.kind !== kind) return closed
    first ??= decoded
    for (const leaf of leavesOf(decoded.content)) {
      const known = parts.get(leaf.path)
      if (known === undefined) parts.set(leaf.path, [leaf.value])
      else known.push(leaf.value)
    }
  }
  if (first === undefined) return closed
  return inside(
    first,
    [...parts].filter(([, list]) => list.length === values.length),
    closed,
    depth,
  )
}

function inside(first: Decoded, parts: readonly [string, string[]][], closed: Contents, depth: number): Contents {
  const { name } = first
  const protection = first.protection === 'unknown' ? 'none' : first.protection
  if (parts.length === 0) return { layers: [name], protection, parts: closed.parts }
  const [only] = parts
  if (parts.length > 1 || only === undefined || only[0] !== '$') {
    return { layers: [name], protection, parts: parts.map(([path, values]) => ({ name: path, values })) }
  }
  const deeper = open(only[1], depth + 1)
  return {
    layers: [name, ...deeper.layers],
    protection: protection === 'none' ? deeper.protection : protection,
    parts: deeper.parts.map((part) => (part.name === 'token' ? { ...part, name: 'what is inside' } : part)),
  }
}
