import { assertJson } from '../contracts/json.ts'

/** JSON text by key. */
export type Texts = Readonly<Record<string, string>>

/** Edits as JSON text by key. `null` removes a key. */
export type Edits = Readonly<Record<string, string | null>>

export const NO_EDITS: Edits = {}

/** Returns `texts` with the edits made, and leaves the argument unchanged. */
export function applyEdits(texts: Texts, edits: Edits): Texts {
  const result: Record<string, string> = {}
  // Copied key by key: V8 gives a spread of a frozen object, and an object that lost a key, a hidden class of its own.
  for (const key in texts) if (!Object.hasOwn(edits, key)) define(result, key, texts[key] ?? '')
  for (const key in edits) {
    const text = edits[key]
    if (typeof text === 'string') define(result, key, text)
  }
  return result
}

/** Does the same for a store's change. */
export function withEdits(
  texts: Texts,
  { set = NO_EDITS, remove = [] }: { set?: Edits; remove?: readonly string[] },
): Texts {
  return applyEdits(texts, remove.length === 0 ? set : { ...set, ...toDrops(remove) })
}

export function isEmpty(edits: Edits): boolean {
  for (const _ in edits) return false
  return true
}

/** Returns edits that remove these keys. */
export function toDrops(keys: readonly string[]): Edits {
  return keys.length === 0 ? NO_EDITS : Object.fromEntries(keys.map((key) => [key, null]))
}

/**
 * Parses JSON texts to values. A text that is not JSON is listed instead of thrown, because a damaged row must not make the
 * application crash again and again.
 */
export function parseTexts(texts: Texts): { values: Record<string, unknown>; corrupt: string[] } {
  const values: Record<string, unknown> = {}
  const corrupt: string[] = []
  for (const key of Object.keys(texts)) {
    try {
      define(values, key, JSON.parse(texts[key] ?? ''))
    } catch {
      corrupt.push(key)
    }
  }
  return { values, corrupt }
}

/** Plain assignment would lose a key named `__proto__`. */
export function define<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') Object.defineProperty(target, key, { ...ORDINARY, value })
  else target[key] = value
}

const ORDINARY = { writable: true, enumerable: true, configurable: true }

/**
 * Returns the JSON text of a value, `undefined` for no value. Checks the value even if its text is the stored one: a Map has the
 * text `{}` too, and its content would be lost.
 */
export function toText(value: unknown, key: string, root = 'data'): string | undefined {
  if (value === undefined) return undefined
  assertJson(value, root, key)
  return JSON.stringify(value)
}
