/** A `Set-Cookie` line as a browser parses it: the last attribute of a name wins, and names are compared case-insensitively. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly partitioned: boolean
  /** As written. `null`: not set. */
  readonly sameSite: string | null
  readonly domain: string | null
  readonly path: string | null
  /** Its lifetime in seconds. `null`: until the browser is closed. */
  readonly maxAgeSeconds: number | null
  /** Attributes that appear more than once. */
  readonly repeated: readonly string[]
}

/** Returns `null` if a browser would ignore the whole line. */
export function parseSetCookie(line: string, now: number = Date.now()): SetCookie | null {
  const [pair = '', ...rest] = line.split(';')
  const at = pair.indexOf('=')
  const name = at === -1 ? '' : pair.slice(0, at).trim()
  const value = (at === -1 ? pair : pair.slice(at + 1)).trim()
  if (name === '' && value === '') return null
  const attributes = rest.map((part): [string, string] => {
    const [key = '', ...words] = part.split('=')
    return [key.trim().toLowerCase(), words.join('=').trim()]
  })
  const last = (key: string) => attributes.findLast(([held]) => held === key)?.[1] ?? null
  const keys = attributes.map(([key]) => key)
  return {
    name,
    value,
    secure: keys.includes('secure'),
    httpOnly: keys.includes('httponly'),
    partitioned: keys.includes('partitioned'),
    sameSite: last('samesite'),
    domain: last('domain')?.replace(/^\./, '') || null,
    path: last('path') || null,
    maxAgeSeconds: lifetimeOf(last('max-age'), last('expires'), now),
    repeated: [...new Set(keys.filter((key, i) => key !== '' && keys.indexOf(key) !== i))],
  }
}

/** `Max-Age` overrides `Expires`. */
function lifetimeOf(maxAge: string | null, expires: string | null, now: number): number | null {
  if (maxAge !== null && /^-?\d+$/.test(maxAge)) return Number(maxAge)
  if (expires === null || Number.isNaN(Date.parse(expires))) return null
  return Math.round((Date.parse(expires) - now) / 1000)
}
