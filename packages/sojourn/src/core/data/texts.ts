import { SessionError } from '../contracts/errors.ts'
import type { JsonValue } from '../contracts/json.ts'

/** JSON text by key. */
export type Texts = Readonly<Record<string, string>>

/** Edits as JSON text by key. `null` removes a key. */
export type Edits = Readonly<Record<string, string | null>>

export const NO_EDITS: Edits = {}

/**
 * Core keeps its own values beside the user's, under names that begin with one `~`. A user's key that begins with `~` gets
 * another one.
 */
const OWN = '~'
const FLASH = '~f'

export function toStoredName(key: string): string {
  return key.startsWith(OWN) ? OWN + key : key
}

export function toFlashName(key: string): string {
  return FLASH + key
}

/** Returns the user's keys only. On most requests this is the given object. */
export function userTexts<T extends string | null>(texts: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  for (const name in texts) if (name.startsWith(OWN)) return pick(texts, toUserKey)
  return texts
}

function toUserKey(name: string): string | null {
  if (name.startsWith(OWN + OWN)) return name.slice(1)
  return name.startsWith(OWN) ? null : name
}

/** Returns the flash values only. */
export function flashTexts<T extends string | null>(texts: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return pick(texts, (name) => (name.startsWith(FLASH) ? name.slice(FLASH.length) : null))
}

export function pick<T>(texts: Readonly<Record<string, T>>, toKey: (name: string) => string | null): Record<string, T> {
  const result: Record<string, T> = {}
  for (const [name, text] of Object.entries(texts)) {
    const key = toKey(name)
    if (key !== null) define(result, key, text)
  }
  return result
}

/** Returns a user's edits under their stored names. On most requests this is the given object. */
export function toStoredEdits(edits: Edits): Edits {
  for (const key in edits) if (key.startsWith(OWN)) return pick(edits, toStoredName)
  return edits
}

/** Returns `texts` with the edits made, and leaves the argument unchanged. */
export function applyEdits(texts: Texts, edits: Edits): Texts {
  const result: Record<string, string> = {}
  // Copied key by key: V8 gives a spread of a frozen object, and an object that lost a key, a hidden class of its own.
  // `in` would also list what other code has added to `Object.prototype`.
  for (const key of Object.keys(texts)) if (!Object.hasOwn(edits, key)) define(result, key, texts[key] ?? '')
  for (const key of Object.keys(edits)) {
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
  return edits === NO_EDITS || Object.keys(edits).length === 0
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

/** Deeper data is a mistake, and recursion needs a limit. */
export const MAX_DEPTH = 100

/** Without the path below the key, which would be a hundred steps long. */
const TOO_DEEP = ` contains a cycle, or is nested deeper than ${MAX_DEPTH} levels`

/**
 * Throws `ERR_DATA_NOT_JSON` with the path of a value that the store would not return unchanged: `NaN`, `Map`, `Date`,
 * class instances, functions, cycles, holes. A property that is `undefined` counts as absent.
 */
export function assertJson(value: unknown, root: string, key?: string): asserts value is JsonValue {
  const flaw = flawOf(value, 0)
  if (flaw === null) return
  const path = key === undefined ? root : root + step(key)
  throw new SessionError(
    'ERR_DATA_NOT_JSON',
    `${path}${flaw}. Store plain JSON: a Date as its ISO string, a Map as its entries.`,
  )
}

/**
 * The path and kind of the first value that JSON cannot represent: `.a[1] is NaN`. Each value that a handler read is checked
 * when the request ends, so the path is built only if there is a flaw.
 */
function flawOf(value: unknown, depth: number): string | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : ` is ${value}`
  if (typeof value !== 'object') return value === undefined ? ' is undefined' : ` is a ${typeof value}`
  if (depth === MAX_DEPTH) return TOO_DEEP
  if (!isPlain(value)) return ` is an instance of ${className(value)}`
  return Array.isArray(value) ? flawOfArray(value, depth + 1) : flawOfObject(value, depth + 1)
}

function flawOfArray(value: readonly unknown[], depth: number): string | null {
  for (let i = 0; i < value.length; i++) {
    const flaw = flawOf(value[i], depth)
    if (flaw !== null) return flaw === TOO_DEEP ? flaw : `[${i}]${flaw}`
  }
  // An array without holes lists its elements first, so the next key is another property.
  const extra = Object.keys(value)[value.length]
  return extra === undefined ? null : `${step(extra)} is a property of an array`
}

function flawOfObject(value: object, depth: number): string | null {
  // Without an array of entries, because every write checks its values.
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue
    const inner: unknown = (value as Record<string, unknown>)[key]
    if (key === 'toJSON' && typeof inner === 'function') return ' is an object with its own toJSON'
    const flaw = inner === undefined ? null : flawOf(inner, depth)
    if (flaw !== null) return flaw === TOO_DEEP ? flaw : step(key) + flaw
  }
  return null
}

/** Works in any realm: a plain object has no prototype, or one without a prototype. An array's prototype is one level deeper. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null) return true
  const above: object | null = Object.getPrototypeOf(prototype)
  return above === null || (Array.isArray(value) && Object.getPrototypeOf(above) === null)
}

/** `.name` for an identifier, `["other keys"]` for other keys. */
export function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function className(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'a class'
}
