import type { Json } from '../decoded.ts'

const NESTED_AT_MOST = 16

/**
 * The output of PHP's `serialize()`, or the list of `name|value` that PHP stores sessions as.
 *
 *     a:1:{s:4:"user";s:5:"alice";}
 *     user|s:5:"alice";admin|b:0;
 */
export function phpSerialised(text: string): Json | null {
  const whole = parseValue(text, 0, 0)
  if (whole?.next === text.length && /^[aOsid]:/.test(text)) return whole.value
  return parseSession(text)
}

interface Parsed {
  readonly value: Json
  readonly next: number
}

function parseSession(text: string): Json | null {
  const entries: [string, Json][] = []
  for (let at = 0; at < text.length; ) {
    const name = /^(\w+)\|/.exec(text.slice(at, at + 128))
    const parsed = name === null ? null : parseValue(text, at + name[0].length, 0)
    if (name === null || parsed === null) return null
    entries.push([name[1] ?? '', parsed.value])
    at = parsed.next
  }
  return entries.length === 0 ? null : Object.fromEntries(entries)
}

function parseValue(text: string, at: number, depth: number): Parsed | null {
  if (depth > NESTED_AT_MOST) return null
  const head = /^(?:N;|([bid]):([-+.\deE]+);|s:(\d+):"|a:(\d+):\{|O:\d+:"([^"]*)":(\d+):\{)/.exec(
    text.slice(at, at + 256),
  )
  if (head === null) return null
  const [all, scalar, number, length, items, , members] = head
  const after = at + all.length
  if (all === 'N;') return { value: null, next: after }
  if (scalar !== undefined) return { value: scalar === 'b' ? number === '1' : Number(number), next: after }
  if (length !== undefined) {
    const end = after + Number(length)
    return text.startsWith('";', end) ? { value: text.slice(after, end), next: end + 2 } : null
  }
  return parseItems(text, after, Number(items ?? members), depth)
}

function parseItems(text: string, from: number, count: number, depth: number): Parsed | null {
  const entries: [string, Json][] = []
  let at = from
  for (let i = 0; i < count; i++) {
    const key = parseValue(text, at, depth + 1)
    const value = key === null ? null : parseValue(text, key.next, depth + 1)
    if (key === null || value === null) return null
    entries.push([String(key.value), value.value])
    at = value.next
  }
  return text[at] === '}' ? { value: Object.fromEntries(entries), next: at + 1 } : null
}
