import { percentDecoded } from '../bytes.ts'
import type { Json } from '../decoded.ts'

// Formulas, constants and sources: docs/audit/statistics.md#text-or-chance

/** What is known about a token in advance: its user, and when it was issued. */
export interface Known {
  /** Values of the user that may appear in it, and what they are. */
  readonly values: ReadonlyMap<string, 'user' | 'secret'>
  readonly now: number
}

export interface Joined {
  readonly by: string
  readonly content: Json
  /** Unreadable parts that are long enough to be a key, or a signature of the others. */
  readonly unread: readonly string[]
}

/** Returns what a part contains, or `null` if it reveals nothing. */
type Read = (part: string) => Json | null

const SEPARATORS = ['|', '&', ';', '~', ':', ',', '.', '-']
const MOST_PARTS = 24
const PAIR = /^\s*([A-Za-z_][\w.[\]-]*)=(.+)$/s

const DAY_MS = 86_400_000

/**
 * Values joined by a separator, if at least one of them is readable. The other parts are kept unchanged.
 *
 *     YWxpY2U=|0|1780000000|k3Vb9xQ2mYw3QvT8
 *     user=alice&role=member
 */
export function joined(text: string, known: Known, read: Read): Joined | null {
  for (const by of SEPARATORS) {
    const parts = text.split(by)
    if (parts.length < 2 || parts.length > MOST_PARTS) continue
    const found = pairs(parts, by, known, read) ?? values(parts, by, known, read)
    if (found !== null) return found
  }
  return null
}

/** `user=alice&role=member`, `uid=5; level=2`: the names describe the values, whatever those are. */
function pairs(parts: readonly string[], by: string, known: Known, read: Read): Joined | null {
  const entries = parts.map((part) => PAIR.exec(part)).flatMap((match) => (match === null ? [] : [match]))
  if (!['&', ';', ',', '|'].includes(by) || entries.length < parts.length) return null
  const named = entries.map(([, name = '', value = '']) => ({ name, value, said: told(value, known, read) }))
  return together(named, by)
}

function values(parts: readonly string[], by: string, known: Known, read: Read): Joined | null {
  const named = parts.map((value, i) => ({ name: `part ${i + 1}`, value, said: told(value, known, read) }))
  return named.every(({ said }) => said === null) ? null : together(named, by)
}

interface Named {
  readonly name: string
  readonly value: string
  readonly said: Json | null
}

function together(named: readonly Named[], by: string): Joined {
  return {
    by,
    content: Object.fromEntries(named.map(({ name, value, said }) => [name, said ?? value])),
    unread: named.filter(({ value, said }) => said === null && isOpaque(value)).map(({ name }) => name),
  }
}

function told(part: string, known: Known, read: Read): Json | null {
  const plain = percentDecoded(part)
  const isPlain = known.values.has(plain) || isAddress(plain) || isDate(plain) || isTimeNear(plain, known.now)
  return isPlain ? plain : read(plain)
}

const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[a-z]{2,}$/i.test(text)
const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text)

/** From a month ago to a year ahead: four in a thousand random decimal numbers of these lengths. */
function isTimeNear(text: string, now: number): boolean {
  const ms = /^\d{10}$/.test(text) ? Number(text) * 1000 : /^\d{13}$/.test(text) ? Number(text) : Number.NaN
  return ms > now - 30 * DAY_MS && ms < now + 400 * DAY_MS
}

const isOpaque = (value: string): boolean => /^[\w+/=-]{8,}$/.test(value)
