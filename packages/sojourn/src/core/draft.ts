import { assertJson, step } from './json.ts'

/** JSON text by key. */
export type Texts = Readonly<Record<string, string>>

/** What edits come down to: JSON text by key, `null` for a key that went. */
export type Edits = Readonly<Record<string, string | null>>

/** What a draft begins with. Without `values`, each key's text is parsed when the handler first looks at that key. */
export interface Loaded {
  readonly baseline: Texts
  readonly values?: Readonly<Record<string, unknown>>
  /** Keys whose stored values do not count. They go with the next edit, for looking alone never writes. */
  readonly dropped?: readonly string[]
}

/**
 * The data of one request. Each key is compared, as text, with its baseline when it is time to store: that finds every edit,
 * however deep, without a proxy around each of the application's objects. Keys that nobody looked at cost nothing.
 */
export interface Draft {
  /** What the handler edits; the same object for the whole request. */
  readonly values: Record<string, unknown>
  /** Takes another object's properties for the data. */
  replace(values: object): void
  /** Starts over from other data. */
  reload(loaded: Loaded): void
  /** What differs from the baseline. `ERR_DATA_NOT_JSON` with the path of the first value that is no JSON. */
  edits(): Edits
  /** The removal of every key that does not count. */
  drops(): Edits
  /** These edits are stored now. */
  accept(edits: Edits): void
}

/** `onCorrupt` hears of a key whose stored text is no JSON. It counts as absent: a broken row must not make a crash loop. */
export function createDraft(first: Loaded, onCorrupt: (key: string) => void): Draft {
  // Without a prototype, a key that a client chose (`__proto__`, `constructor`) is a key like any other, to read and to write.
  const target: Record<string, unknown> = Object.create(null)
  let baseline: Texts = {}
  let drops: Edits = {}

  function fill(values: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(target)) delete target[key]
    for (const key of Object.keys(values)) define(target, key, values[key])
  }

  function reload(loaded: Loaded): void {
    baseline = loaded.baseline
    drops = toDrops(loaded.dropped ?? [])
    fill(loaded.values ?? toUnread(baseline))
  }

  function read(key: string, unread: Unread): unknown {
    try {
      const value: unknown = JSON.parse(unread.text)
      define(target, key, value)
      return value
    } catch {
      delete target[key]
      baseline = applyEdits(baseline, { [key]: null })
      drops = { ...drops, [key]: null }
      onCorrupt(key)
      return undefined
    }
  }

  reload(first)
  return {
    values: guard(target, read),
    replace(values) {
      assertJson(values, 'data')
      fill({ ...values })
    },
    reload,
    edits() {
      const edits = difference(target, baseline)
      return isEmpty(edits) ? edits : { ...drops, ...edits }
    },
    drops: () => drops,
    accept(edits) {
      baseline = applyEdits(baseline, edits)
      drops = toDrops(Object.keys(drops).filter((key) => !Object.hasOwn(edits, key)))
    },
  }
}

function toDrops(keys: readonly string[]): Edits {
  return Object.fromEntries(keys.map((key) => [key, null]))
}

/** Stands for a value that nobody has looked at yet. Debuggers see the value. */
class Unread {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return parseTexts({ it: this.text }).values.it
  }
}

function toUnread(texts: Texts): Record<string, Unread> {
  const unread: Record<string, Unread> = {}
  for (const key of Object.keys(texts)) define(unread, key, new Unread(texts[key] ?? ''))
  return unread
}

/**
 * Reads what is unread, and refuses a value that JSON cannot carry on the very line that assigns it, where the mistake is,
 * instead of when the response ends.
 */
function guard(
  target: Record<string, unknown>,
  read: (key: string, unread: Unread) => unknown,
): Record<string, unknown> {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key)
      return value instanceof Unread ? read(String(key), value) : value
    },
    getOwnPropertyDescriptor(object, key) {
      const value: unknown = Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined
      if (value instanceof Unread) read(String(key), value)
      return Reflect.getOwnPropertyDescriptor(object, key)
    },
    // To whoever compares, it is a plain object like any other.
    getPrototypeOf: () => Object.prototype,
    defineProperty(object, key, descriptor) {
      if (descriptor.value !== undefined) assertJson(descriptor.value, `data${step(String(key))}`)
      return Reflect.defineProperty(object, key, descriptor)
    },
  })
}

export const NO_EDITS: Edits = {}

function difference(values: Record<string, unknown>, baseline: Texts): Edits {
  const edits: Record<string, string | null> = {}
  for (const key of Object.keys(values)) {
    const value = values[key]
    if (value instanceof Unread) continue
    const known = Object.hasOwn(baseline, key) ? baseline[key] : undefined
    const text = toText(value, key, known)
    if (text !== known) define(edits, key, text ?? null)
  }
  for (const key of Object.keys(baseline)) {
    if (!Object.hasOwn(values, key)) define(edits, key, null)
  }
  return edits
}

/** `texts` with the edits made; what was given is left as it is. */
export function applyEdits(texts: Texts, edits: Edits): Texts {
  return Object.fromEntries(Object.entries({ ...texts, ...edits }).filter((entry) => entry[1] !== null)) as Texts
}

/** The same of a store's change. */
export function withEdits(texts: Texts, { set, remove = [] }: { set?: Texts; remove?: readonly string[] }): Texts {
  return applyEdits(texts, { ...set, ...toDrops(remove) })
}

export function isEmpty(edits: Edits): boolean {
  return Object.keys(edits).length === 0
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
 * A data value's JSON text; `undefined` for no value. Only a text other than `known` is looked into for what JSON cannot
 * carry: what was loaded is JSON already.
 */
export function toText(value: unknown, key: string, known?: string, root = 'data'): string | undefined {
  if (value === undefined) return undefined
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    // A cycle or a bigint: the check below names the path, which JSON.stringify does not.
  }
  if (text === undefined || text !== known) assertJson(value, root + step(key))
  return text
}
