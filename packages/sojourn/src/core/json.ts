import { SessionError } from './errors.ts'

/** What `JSON.parse` gives. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** Deeper data than this is a mistake, and recursion has to end somewhere. */
const MAX_DEPTH = 100

/**
 * Throws `ERR_DATA_NOT_JSON`, naming the path, for a value that would not come back from the store as it went in:
 * `NaN`, `Map`, `Date`, class instances, functions, cycles, holes. A property that is `undefined` counts as absent.
 */
export function assertJson(value: unknown, path: string, depth = 0): asserts value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(path, String(value))
    return
  }
  if (typeof value !== 'object') refuse(path, value === undefined ? 'undefined' : `a ${typeof value}`)
  if (depth >= MAX_DEPTH) refuse(path, `nested deeper than ${MAX_DEPTH} levels, or a cycle`)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) assertJson(value[i], `${path}[${i}]`, depth + 1)
    return
  }
  if (!isPlain(value)) refuse(path, `an instance of ${className(value)}`)
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'toJSON' && typeof inner === 'function') refuse(path, 'an object with its own toJSON')
    if (inner !== undefined) assertJson(inner, `${path}${step(key)}`, depth + 1)
  }
}

/** Plain in any realm: its prototype is nothing, or the end of the chain. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** `.name` where that reads well, `["other keys"]` elsewhere. */
export function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function className(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'a class'
}

function refuse(path: string, found: string): never {
  throw new SessionError(
    'ERR_DATA_NOT_JSON',
    `${path} is ${found}. Store strings, finite numbers, booleans, null, arrays and plain objects: a Date as its ISO string, a Map as its entries.`,
  )
}
