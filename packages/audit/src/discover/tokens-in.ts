export interface Found {
  readonly path: string
  readonly value: string
}

/** Tokens in a JSON answer, by the names they go under. */
export function tokensIn(body: string): { access: Found | null; refresh: Found | null } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return { access: null, refresh: null }
  }
  const all = textsOf(parsed, '').filter(({ value }) => value.length >= 16 && !/\s/.test(value))
  const named = (pattern: RegExp) => all.find(({ path }) => pattern.test(path.split('.').at(-1) ?? ''))
  const access =
    named(/^(access[_-]?token|access|jwt|bearer|auth[_-]?token|session[_-]?token)$/i) ??
    named(/^token$/i) ??
    named(/^id[_-]?token$/i)
  return { access: access ?? null, refresh: named(/refresh/i) ?? null }
}

function textsOf(value: unknown, path: string): Found[] {
  if (typeof value === 'string') return [{ path, value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, held]) => textsOf(held, path === '' ? key : `${path}.${key}`))
}
