import { SessionError } from './errors.ts'
import { assertJson, step } from './json.ts'

/** JSON text by key. */
export type Texts = Readonly<Record<string, string>>

/** What edits come down to: JSON text by key, and the keys that went. */
export interface Edits {
  readonly set: Texts
  readonly remove: readonly string[]
}

/** Values to edit, and the text that each key is compared with. */
export interface Loaded {
  readonly values: Record<string, unknown>
  readonly baseline: Texts
}

/**
 * The data of one request: loaded when first looked at, compared with its baseline when it is time to store. Comparing
 * text finds every edit, however deep, without a proxy around each of the application's objects.
 */
export interface Draft {
  /** What the handler edits; the same object for the whole request. */
  readonly values: Record<string, unknown>
  /** Takes another object's properties for the data. */
  replace(values: object): void
  /** Starts over from other data. */
  reload(load: () => Loaded): void
  /** What differs from the baseline. `ERR_DATA_NOT_JSON` with the path of the first value that is no JSON. */
  edits(): Edits
  /** These edits are stored now. */
  accept(edits: Edits): void
}

export function createDraft(firstLoad: () => Loaded): Draft {
  const target: Record<string, unknown> = {}
  const guarded = refuseBadValues(target)
  let load: (() => Loaded) | null = firstLoad
  let baseline: Texts = {}

  function fill(values: object): void {
    for (const key of Object.keys(target)) delete target[key]
    for (const [key, value] of Object.entries(values)) define(target, key, value)
  }

  function loaded(): Record<string, unknown> {
    if (load !== null) {
      const fresh = load()
      load = null
      baseline = fresh.baseline
      fill(fresh.values)
    }
    return target
  }

  return {
    get values() {
      loaded()
      return guarded
    },
    replace(values) {
      assertJson(values, 'data')
      loaded()
      fill(values)
    },
    reload(again) {
      load = again
      loaded()
    },
    edits: () => (load === null ? difference(target, baseline) : NO_EDITS),
    accept(edits) {
      baseline = applyEdits(baseline, edits)
    },
  }
}

export const NO_EDITS: Edits = { set: {}, remove: [] }

function difference(values: Record<string, unknown>, baseline: Texts): Edits {
  const set: Record<string, string> = {}
  for (const key of Object.keys(values)) {
    const text = toText(values[key], `data${step(key)}`, baseline[key])
    if (text !== undefined && text !== baseline[key]) define(set, key, text)
  }
  const remove = Object.keys(baseline).filter((key) => !Object.hasOwn(values, key) || values[key] === undefined)
  return { set, remove }
}

/** `texts` with the edits made; what was given is left as it is. */
export function applyEdits(texts: Texts, { set, remove }: Edits): Texts {
  const result: Record<string, string> = {}
  for (const source of [texts, set]) {
    for (const key of Object.keys(source)) define(result, key, source[key])
  }
  for (const key of remove) delete result[key]
  return result
}

export function isEmpty({ set, remove }: Edits): boolean {
  return remove.length === 0 && Object.keys(set).length === 0
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
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  else target[key] = value
}

/**
 * The value's JSON text; `undefined` for no value. Only a text other than `known` is looked into for what JSON cannot
 * carry: what was loaded is JSON already.
 */
export function toText(value: unknown, path: string, known?: string): string | undefined {
  if (value === undefined) return undefined
  try {
    const text = JSON.stringify(value)
    if (text !== known) assertJson(value, path)
    return text
  } catch (error) {
    // JSON.stringify names no path for a cycle or a bigint: the check does.
    assertJson(value, path)
    throw error instanceof SessionError ? error : new SessionError('ERR_DATA_NOT_JSON', `${path} cannot be read.`, error)
  }
}

/** Assigning a value that JSON cannot carry throws on that line, where the mistake is, not when the response ends. */
function refuseBadValues(target: Record<string, unknown>): Record<string, unknown> {
  return new Proxy(target, {
    defineProperty(object, key, descriptor) {
      if (descriptor.value !== undefined) assertJson(descriptor.value, `data${step(String(key))}`)
      return Reflect.defineProperty(object, key, descriptor)
    },
  })
}
