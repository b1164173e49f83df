import type { Decoded, Json } from './decoded.ts'

/** A fact that anyone who holds the token can read in it. The value itself is omitted because it may be personal. */
export interface Reveal {
  /** `$.user.email` */
  readonly path: string
  readonly what: 'secret' | 'e-mail address' | 'network address' | 'user' | 'role' | 'time' | 'token id' | 'data'
}

type Known = ReadonlyMap<string, 'user' | 'secret'>

const NAMES: readonly (readonly [RegExp, Reveal['what']])[] = [
  [/pass(word|wd)?|secret|api_?key|private|otp|pin$/i, 'secret'],
  [/e-?mail/i, 'e-mail address'],
  [/(^|_)ip($|_|addr)|remote_?addr/i, 'network address'],
  [/admin|role|perm|scope|group|staff|privilege|level/i, 'role'],
  [/^(exp|iat|nbf|auth_time)$|time|date|expires|created|_at$|At$/, 'time'],
  [/^(jti|sid|session_?id|id|nonce|_?csrf.*|.*token)$/i, 'token id'],
  [/user|login|account|^(sub|name|uid|given_name|family_name)$/i, 'user'],
]

/** Value by value: first by what is known about the user, then by name, then by form. */
export function revealsOf({ content, unread = [] }: Decoded, known: Known = new Map()): Reveal[] {
  return leavesOf(content)
    .filter(({ path, value }) => known.has(value) || !unread.includes(path.slice(2)))
    .map(({ path, value }) => ({ path, what: known.get(value) ?? whatIs(path, value) }))
}

export interface Leaf {
  readonly path: string
  readonly value: string
}

const MOST_LEAVES = 200

/** Every text and number in the content, with its path. */
export function leavesOf(content: Json | null, path = '$', depth = 0): Leaf[] {
  if (content === null || depth > 16) return []
  if (typeof content !== 'object') return [{ path, value: String(content) }]
  const entries = Array.isArray(content)
    ? content.map((item, i) => [`${path}[${i}]`, item] as const)
    : Object.entries(content).map(([name, item]) => [`${path}.${name.slice(0, 60)}`, item] as const)
  return entries.flatMap(([at, item]) => leavesOf(item as Json, at, depth + 1)).slice(0, MOST_LEAVES)
}

function whatIs(path: string, value: string): Reveal['what'] {
  const name = path.slice(path.lastIndexOf('.') + 1).replace(/\[\d+\]$/, '')
  const named = NAMES.find(([pattern]) => pattern.test(name))?.[1]
  if (named !== undefined) return named
  if (/^[^\s@]+@[^\s@]+\.[a-z]{2,}$/i.test(value)) return 'e-mail address'
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(value)) return 'network address'
  return isTime(value) ? 'time' : 'data'
}

function isTime(value: string): boolean {
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value)) return true
  const number = Number(value)
  return /^\d{10}$/.test(value)
    ? number > 1e9 && number < 4e9
    : /^\d{13}$/.test(value) && number > 1e12 && number < 4e12
}
