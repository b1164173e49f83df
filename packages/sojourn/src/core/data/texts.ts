import { assertJson } from '../contracts/json.ts'

/** JSON text by key. */
export type Texts = Readonly<Record<string, string>>

/** What edits come down to: JSON text by key, `null` for a key that went. */
export type Edits = Readonly<Record<string, string | null>>

export const NO_EDITS: Edits = {}

/** `texts` with the edits made; what was given is left as it is. */
export function applyEdits(texts: Texts, edits: Edits): Texts {
  return Object.fromEntries(Object.entries({ ...texts, ...edits }).filter((entry) => entry[1] !== null)) as Texts
}

/** The same of a store's change. */
export function withEdits(texts: Texts, { set, remove = [] }: { set?: Texts; remove?: readonly string[] }): Texts {
  return applyEdits(texts, { ...set, ...toDrops(remove) })
}

export function isEmpty(edits: Edits): boolean {
  return edits === NO_EDITS || Object.keys(edits).length === 0
}

/** The removal of these keys. */
export function toDrops(keys: readonly string[]): Edits {
  return keys.length === 0 ? NO_EDITS : Object.fromEntries(keys.map((key) => [key, null]))
}

/** JSON text to values. A text that is none is named, not thrown: a broken row must not make a crash loop. */
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
 * A data value's JSON text; `undefined` for no value. The value is checked also when the text is the stored one: `{}` is the
 * text of a Map, too, and what it holds would be lost.
 */
export function toText(value: unknown, key: string, root = 'data'): string | undefined {
  if (value === undefined) return undefined
  assertJson(value, root, key)
  return JSON.stringify(value)
}
