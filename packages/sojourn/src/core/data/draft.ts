import { checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import { assertJson, step } from '../contracts/json.ts'
import { applyEdits, define, type Edits, NO_EDITS, parseTexts, type Texts, toDrops, toText } from './texts.ts'

/** The data that a draft begins with. Without `values`, a key's text is parsed when the handler first reads the key. */
export interface Loaded {
  readonly baseline: Texts
  readonly values?: Readonly<Record<string, unknown>>
  /** Keys whose stored values do not count. The next edit removes them, because reading alone never writes. */
  readonly dropped?: readonly string[]
  /**
   * Keys whose stored values do not count, but stay until the handler assigns or deletes the key, because another release may
   * read them.
   */
  readonly hidden?: readonly string[]
}

/**
 * The data of one request. When it is stored, each key is compared, as text, with its baseline. This finds every edit, however
 * deep, without a proxy around each of the application's objects. Keys that were not read cost nothing.
 *
 * It is its own proxy handler. The traps parse a key when it is read, and reject a value that JSON cannot represent on the line
 * that assigns it, instead of when the response ends.
 */
export class Draft implements ProxyHandler<Bare> {
  /** What the handler edits; the same object for the whole request. */
  readonly values: Record<string, unknown>
  readonly #target = new Bare()
  readonly #onCorrupt: (key: string) => void
  readonly #onEdit: (key: string) => void
  #baseline: Texts = NO_TEXTS
  #drops: Edits = NO_EDITS
  #hidden: readonly string[] = NO_KEYS
  /** Keys that the handler assigned or deleted. */
  readonly #assigned = new Set<string | symbol>()

  /**
   * `onCorrupt` is called for a key whose stored text is not JSON. The key counts as absent, because a damaged row must not make
   * the application crash again and again. `onEdit` is called for each assignment.
   */
  constructor(loaded: Loaded, onCorrupt: (key: string) => void, onEdit: (key: string) => void = () => {}) {
    this.#onCorrupt = onCorrupt
    this.#onEdit = onEdit
    this.values = new Proxy(this.#target, this)
    this.reload(loaded)
  }

  /** Starts over from other data. */
  reload({ baseline, values, dropped = NO_KEYS, hidden = NO_KEYS }: Loaded): void {
    this.#baseline = baseline
    this.#hidden = hidden
    this.#drops = toDrops(dropped)
    for (const key in this.#target) delete this.#target[key]
    for (const key of Object.keys(values ?? baseline)) {
      define(this.#target, key, values === undefined ? new Unread(baseline[key] ?? '') : values[key])
    }
  }

  /** Makes another object's properties the data. */
  replace(values: object): void {
    checkArgument(values, 'object', 'session.data')
    assertJson(values, 'data')
    // Copied first, because it may be this same data.
    const entries = Object.entries(values)
    for (const key of [...Object.keys(this.#target), ...this.#hidden]) this.deleteProperty(this.#target, key)
    for (const [key, value] of entries) define(this.#target, key, value)
  }

  /** Returns the differences from the baseline. Throws `ERR_DATA_NOT_JSON` with the path of the first value that is not JSON. */
  edits(): Edits {
    const edits = difference(this.#target, this.#baseline)
    return edits === NO_EDITS ? edits : { ...this.#drops, ...edits }
  }

  get hidden(): readonly string[] {
    return this.#hidden
  }

  /** Returns a function that returns whether the handler has assigned, deleted or changed the key since this call. */
  watch(key: string): () => boolean {
    const text = this.#textOf(key)
    this.#assigned.delete(key)
    return () => this.#assigned.has(key) || this.#textOf(key) !== text
  }

  #textOf(key: string): string | null | undefined {
    try {
      return toText(this.values[key], key)
    } catch {
      return null
    }
  }

  /** Returns edits that remove every key whose value does not count. */
  drops(): Edits {
    return this.#drops
  }

  /** Makes these edits part of the baseline. */
  accept(edits: Edits): void {
    // If a dropped value was removed, the schema's default still counts as loaded.
    const counted = Object.entries(edits).filter(([key, text]) => text !== null || !Object.hasOwn(this.#drops, key))
    this.#baseline = applyEdits(this.#baseline, Object.fromEntries(counted))
    this.#drops = toDrops(Object.keys(this.#drops).filter((key) => !Object.hasOwn(edits, key)))
    if (this.#hidden.length > 0) this.#hidden = this.#hidden.filter((key) => !Object.hasOwn(edits, key))
  }

  get(target: Bare, key: string): unknown {
    const value = target[key]
    return value instanceof Unread ? this.#read(key, value) : value
  }

  getOwnPropertyDescriptor(target: Bare, key: string): PropertyDescriptor | undefined {
    const value = target[key]
    if (value instanceof Unread) this.#read(key, value)
    return Reflect.getOwnPropertyDescriptor(target, key)
  }

  defineProperty(target: Bare, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    assertOrdinary(descriptor, Object.hasOwn(target, key), key)
    if (descriptor.value !== undefined) assertJson(descriptor.value, 'data', String(key))
    this.#note(key)
    return Reflect.defineProperty(target, key, descriptor)
  }

  deleteProperty(target: Bare, key: string): boolean {
    this.#note(key)
    // A stored text that is no longer among the values must be removed.
    if (this.#hidden.includes(key)) this.#baseline = { ...this.#baseline, [key]: '' }
    return Reflect.deleteProperty(target, key)
  }

  #note(key: string | symbol): void {
    this.#assigned.add(key)
    this.#onEdit(String(key))
  }

  /** Sets a value that is stored already, `undefined` for none. This does not count as an edit. */
  put(key: string, value: unknown): void {
    if (value === undefined) delete this.#target[key]
    else define(this.#target, key, value)
  }

  /** A frozen object could not receive stored values, and would make a login fail after the old session has ended. */
  preventExtensions(): never {
    throw new SessionError('ERR_MISUSE', 'Freeze a copy: { ...session.data }.')
  }

  setPrototypeOf(_: Bare, prototype: object | null): boolean {
    return prototype === Object.prototype
  }

  /** Comparisons see a plain object. */
  getPrototypeOf(): object {
    return Object.prototype
  }

  #read(key: string, unread: Unread): unknown {
    try {
      const value: unknown = JSON.parse(unread.text)
      define(this.#target, key, value)
      return value
    } catch {
      delete this.#target[key]
      this.#baseline = applyEdits(this.#baseline, { [key]: null })
      this.#drops = { ...this.#drops, [key]: null }
      this.#onCorrupt(key)
      return undefined
    }
  }
}

/**
 * Has no inherited properties, so that a key that a client chose (`__proto__`, `constructor`) is a normal key. Unlike
 * `Object.create(null)`, V8 does not make it a dictionary.
 */
class Bare {
  [key: string]: unknown

  static {
    Object.setPrototypeOf(Bare.prototype, null)
    Reflect.deleteProperty(Bare.prototype, 'constructor')
  }
}

/**
 * A property that is not enumerable would be lost, and one that is not writable would make a login fail after the old session has
 * ended. An assignment to an existing property has no attributes.
 */
function assertOrdinary(descriptor: PropertyDescriptor, isThere: boolean, key: string | symbol): void {
  const { get, set, writable = isThere, enumerable = isThere, configurable = isThere } = descriptor
  if (get === undefined && set === undefined && writable && enumerable && configurable) return
  throw new SessionError('ERR_MISUSE', `data${step(String(key))} must be an ordinary property: assign it.`)
}

const NO_TEXTS: Texts = {}
const NO_KEYS: readonly string[] = []

/** Stands for a value that was not read yet. Debuggers show the value. */
class Unread {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return parseTexts({ it: this.text }).values.it
  }
}

function textOf(texts: Texts, key: string): string | undefined {
  return Object.hasOwn(texts, key) ? texts[key] : undefined
}

/** Returns `NO_EDITS` itself if there are none, as on most requests. */
function difference(values: Bare, baseline: Texts): Edits {
  let edits: Record<string, string | null> | null = null
  const set = (key: string, text: string | null): void => {
    edits ??= {}
    define(edits, key, text)
  }
  for (const key in values) {
    const value = values[key]
    if (value instanceof Unread) continue
    const known = textOf(baseline, key)
    const text = toText(value, key)
    if (text !== known) set(key, text ?? null)
  }
  for (const key of Object.keys(baseline)) {
    if (!Object.hasOwn(values, key)) set(key, null)
  }
  return edits ?? NO_EDITS
}
