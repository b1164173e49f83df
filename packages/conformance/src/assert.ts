import { CaseFailure } from './case.ts'

/** Fails with the message unless the condition holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new CaseFailure(message)
}

/** Fails unless both are equal by value: primitives, arrays, plain objects, maps, byte arrays, dates. */
export function assertEqual<T>(actual: T, expected: T, message: string): void {
  if (isEqual(actual, expected)) return
  throw new CaseFailure(`${message}: expected ${show(expected)}, got ${show(actual)}`, actual, expected)
}

/** Fails unless the work throws or rejects. Returns the error. */
export async function assertRejects(work: () => unknown, message: string): Promise<unknown> {
  let value: unknown
  try {
    value = await work()
  } catch (error) {
    return error
  }
  throw new CaseFailure(`${message}: expected an error, got ${show(value)}`)
}

/** Fails unless the work throws or rejects with an error of this stable `code`. Returns the error. */
export async function assertCode(work: () => unknown, code: string, message: string): Promise<Error> {
  const error = await assertRejects(work, message)
  const found = error instanceof Error && 'code' in error ? error.code : undefined
  if (error instanceof Error && found === code) return error
  throw new CaseFailure(`${message}: expected an error with code ${code}, got ${show(found ?? error)}`, found, code)
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (a instanceof Date || b instanceof Date)
    return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime())
  if (a instanceof Map || b instanceof Map) {
    if (!(a instanceof Map && b instanceof Map) || a.size !== b.size) return false
    return [...a].every(([key, value]) => b.has(key) && isEqual(value, b.get(key)))
  }
  if (a instanceof Uint8Array !== b instanceof Uint8Array) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(Reflect.get(a, key), Reflect.get(b, key)))
}

/** Long enough to recognize a value, short enough for one line of a report. */
const SHOWN_CHARACTERS = 400

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`.slice(0, SHOWN_CHARACTERS)
  const text =
    typeof value === 'object' && value !== null
      ? JSON.stringify(value instanceof Map ? [...value] : value)
      : typeof value === 'string'
        ? JSON.stringify(value)
        : String(value)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}... (${text.length} characters)` : text
}
