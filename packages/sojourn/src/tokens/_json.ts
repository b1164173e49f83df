/**
 * Parses bytes that a stranger made: UTF-8 (RFC 8725, 3.7), a JSON object, and no member twice, because two parsers may take
 * another one of them. `null` for anything else.
 */
export function toObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && !hasDuplicates(text) ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}

/** Of a text that is JSON. */
function hasDuplicates(json: string): boolean {
  /** The names of each open object; `null`: an array. */
  const open: (Set<string> | null)[] = []
  let isName = false
  for (let at = 0; at < json.length; at++) {
    const char = json[at]
    if (char === '"') {
      const end = endOfString(json, at)
      const names = open.at(-1)
      if (isName && names) {
        const name: string = JSON.parse(json.slice(at, end + 1))
        if (names.has(name)) return true
        names.add(name)
      }
      at = end
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null)
      isName = char === '{'
    } else if (char === '}' || char === ']') open.pop()
    else if (char === ',') isName = open.at(-1) !== null
    else if (char === ':') isName = false
  }
  return false
}

function endOfString(json: string, start: number): number {
  let at = start + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at
}
