import { MAX_DEPTH } from './texts.ts'

const END = Symbol('end')

/**
 * Lists what a JSON value contains, keys and values in order, so that `hasContent` finds a change. Measured with 250
 * characters of JSON, both together take a quarter of the time of `JSON.stringify`.
 */
export function listContent(value: unknown): readonly unknown[] {
  return listInto([], value, isExtended() ? MAX_DEPTH : 0)
}

function listInto(list: unknown[], value: unknown, depth: number): unknown[] {
  if (typeof value !== 'object' || value === null) list.push(value)
  // Equals nothing, so that data too deep for recursion is compared as text.
  else if (depth === MAX_DEPTH) list.push(Number.NaN)
  else {
    list.push(Object.getPrototypeOf(value))
    if (Array.isArray(value)) {
      list.push(value.length)
      for (const inner of value) listInto(list, inner, depth + 1)
    } else {
      for (const key in value) {
        list.push(key)
        listInto(list, (value as Record<string, unknown>)[key], depth + 1)
      }
    }
    list.push(END)
  }
  return list
}

const NOTHING = {}

/** Whether other code has added properties to `Object.prototype`, which `listContent` would find in every object. */
function isExtended(): boolean {
  for (const _ in NOTHING) return true
  return false
}

/** Whether the value still contains what was listed. */
export function hasContent(value: unknown, content: readonly unknown[]): boolean {
  return compareContent(value, content, 0) === content.length
}

/** Returns the place in the list behind this value, or -1 if the value is not the listed one. */
function compareContent(value: unknown, list: readonly unknown[], place: number): number {
  if (typeof value !== 'object' || value === null) return value === list[place] ? place + 1 : -1
  if (Object.getPrototypeOf(value) !== list[place]) return -1
  let next = place + 1
  if (Array.isArray(value)) {
    // Other properties of an array, which JSON cannot represent, count too.
    if (list[next++] !== value.length || Object.keys(value).length !== value.length) return -1
    for (let i = 0; i < value.length && next !== -1; i++) next = compareContent(value[i], list, next)
  } else {
    for (const key in value) {
      if (list[next] !== key) return -1
      next = compareContent((value as Record<string, unknown>)[key], list, next + 1)
      if (next === -1) return -1
    }
  }
  return list[next] === END ? next + 1 : -1
}
