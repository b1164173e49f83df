import { SessionError } from './errors.ts'

/** What `JSON.parse` gives. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** Deeper data than this is a mistake, and recursion has to end somewhere. */
const MAX_DEPTH = 100

/**
 * Throws `ERR_DATA_NOT_JSON`, naming the path, for a value that would not come back from the store as it went in:
 * `NaN`, `Map`, `Date`, class instances, functions, cycles, holes. A property that is `undefined` counts as absent.
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
 * Where the first value is that JSON does not carry, and what it is: `.a[1] is NaN`. Every value that a handler looked at is
 * looked through when the request ends, so no path is made before there is a flaw.
 */
function flawOf(value: unknown, depth: number): string | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : ` is ${value}`
  if (typeof value !== 'object') return value === undefined ? ' is undefined' : ` is a ${typeof value}`
  if (depth === MAX_DEPTH) return ` is nested deeper than ${MAX_DEPTH} levels, or a cycle`
  if (!isPlain(value)) return ` is an instance of ${className(value)}`
  return Array.isArray(value) ? flawOfArray(value, depth + 1) : flawOfObject(value, depth + 1)
}

function flawOfArray(value: readonly unknown[], depth: number): string | null {
  for (let i = 0; i < value.length; i++) {
    const flaw = flawOf(value[i], depth)
    if (flaw !== null) return `[${i}]${flaw}`
  }
  // Without holes, whatever comes after the elements is none of them.
  const extra = Object.keys(value)[value.length]
  return extra === undefined ? null : `${step(extra)} is a property of an array`
}

function flawOfObject(value: object, depth: number): string | null {
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'toJSON' && typeof inner === 'function') return ' is an object with its own toJSON'
    const flaw = inner === undefined ? null : flawOf(inner, depth)
    if (flaw !== null) return step(key) + flaw
  }
  return null
}

/** Plain in any realm: its prototype is nothing, or the end of the chain. Below an array's is that of objects. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null) return true
  const above: object | null = Object.getPrototypeOf(prototype)
  return above === null || (Array.isArray(value) && Object.getPrototypeOf(above) === null)
}

/** `.name` where that reads well, `["other keys"]` elsewhere. */
export function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function className(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'a class'
}
