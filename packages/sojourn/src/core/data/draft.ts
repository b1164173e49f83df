import { checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import { hasContent, listContent } from './content.ts'
import {
  applyEdits,
  assertJson,
  define,
  type Edits,
  NO_EDITS,
  parseTexts,
  pick,
  step,
  type Texts,
  toDrops,
  toText,
} from './texts.ts'

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

/** What a draft reports, for its request. */
export interface DraftListener {
  /** A stored text that was read is not JSON. The key counts as absent. */
  corrupt(key: string): void
  /** The handler assigned or deleted a key. */
  edited(key: string): void
}

/** An object that a key's text was parsed to, and what it contained then. */
interface HandedOut {
  readonly key: string
  readonly value: unknown
  readonly content: readonly unknown[]
  readonly before: HandedOut | null
}

/**
 * The data of one request. When it is stored, each key that may have changed is compared, as text, with its baseline: keys that
 * the handler assigned or deleted, and objects that it read, if their content differs. This finds every edit, however deep,
 * without a proxy around each of the application's objects. Keys that were not read cost nothing.
 *
 * It is its own proxy handler. The traps parse a key when it is read, and reject a value that JSON cannot represent on the line
 * that assigns it, instead of when the response ends.
 */
export class Draft implements ProxyHandler<Bare> {
  /** What the handler edits; the same object for the whole request. */
  readonly values: Record<string, unknown>
  readonly #target = new Bare()
  readonly #listener: DraftListener | null
  #baseline: Texts = NO_TEXTS
  #drops: Edits = NO_EDITS
  #hidden: readonly string[] = NO_KEYS
  /** By key that the handler assigned or deleted: how often. `null`: none. */
  #touched: Map<string, number> | null = null
  #handedOut: HandedOut | null = null

  constructor(loaded: Loaded, listener: DraftListener | null) {
    this.#listener = listener
    this.values = new Proxy(this.#target, this)
    this.#load(loaded)
  }

  /** Starts over from other data. */
  reload(loaded: Loaded): void {
    for (const key in this.#target) delete this.#target[key]
    this.#handedOut = null
    this.#load(loaded)
  }

  #load({ baseline, values, dropped = NO_KEYS, hidden = NO_KEYS }: Loaded): void {
    this.#baseline = baseline
    this.#hidden = hidden
    this.#drops = toDrops(dropped)
    for (const key of Object.keys(values ?? baseline)) {
      if (values === undefined) this.#target[key] = new Unread(baseline[key] ?? '')
      else this.#show(key, values[key])
    }
  }

  #show(key: string, value: unknown): void {
    this.#target[key] = value
    if (typeof value !== 'object' || value === null) return
    const content = listContent(value)
    this.#handedOut = { key, value, content, before: this.#handedOut }
  }

  /** Makes another object's properties the data. */
  replace(values: object): void {
    checkArgument(values, 'object', 'session.data')
    assertJson(values, 'data')
    // Copied first, because it may be this same data.
    const entries = Object.entries(values)
    for (const key of [...Object.keys(this.#target), ...this.#hidden]) this.deleteProperty(this.#target, key)
    for (const [key, value] of entries) {
      this.#note(key)
      this.#target[key] = value
    }
  }

  /**
   * Returns the differences from the baseline; `NO_EDITS` itself if there are none, as on most requests. Throws
   * `ERR_DATA_NOT_JSON` with the path of a value that is not JSON.
   */
  edits(): Edits {
    let edits = NO_EDITS
    if (this.#touched !== null) for (const key of this.#touched.keys()) edits = this.#compare(key, edits)
    for (let one = this.#handedOut; one !== null; one = one.before) {
      const { key, value, content } = one
      const isSame = this.#target[key] === value && hasContent(value, content)
      if (!isSame && this.#touched?.has(key) !== true) edits = this.#compare(key, edits)
    }
    return edits === NO_EDITS || this.#drops === NO_EDITS ? edits : { ...this.#drops, ...edits }
  }

  /** Adds an edit of this key, if there is one. `edits` is `NO_EDITS` or was made by this function. */
  #compare(key: string, edits: Edits): Edits {
    const value = this.#target[key]
    if (value instanceof Unread) return edits
    const text = toText(value, key) ?? null
    if (text === (Object.hasOwn(this.#baseline, key) ? this.#baseline[key] : null)) return edits
    const added: Record<string, string | null> = edits === NO_EDITS ? {} : (edits as Record<string, string | null>)
    define(added, key, text)
    return added
  }

  get hidden(): readonly string[] {
    return this.#hidden
  }

  /** Returns a function that returns whether the handler has assigned, deleted or changed the key since this call. */
  watch(key: string): () => boolean {
    const text = this.#textOf(key)
    const countOf = (): number => this.#touched?.get(key) ?? 0
    const count = countOf()
    return () => countOf() !== count || this.#textOf(key) !== text
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
    for (const key in edits) this.#compareAsText(key)
    const isOpen = (key: string): boolean => !Object.hasOwn(edits, key)
    // If a dropped value was removed, the schema's default still counts as loaded.
    const gone = Object.keys(this.#drops).filter((key) => edits[key] === null)
    const counted = gone.length === 0 ? edits : pick(edits, (key) => (gone.includes(key) ? null : key))
    this.#baseline = applyEdits(this.#baseline, counted)
    this.#drops = toDrops(Object.keys(this.#drops).filter(isOpen))
    this.#hidden = this.#hidden.filter(isOpen)
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

  /** Faster than what an assignment does without this trap: `getOwnPropertyDescriptor`, then `defineProperty`. */
  set(target: Bare, key: string | symbol, value: unknown, receiver: unknown): boolean {
    if (receiver !== this.values || typeof key === 'symbol') return Reflect.set(target, key, value, receiver)
    if (value !== undefined) assertJson(value, 'data', key)
    this.#note(key)
    target[key] = value
    return true
  }

  defineProperty(target: Bare, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    assertOrdinary(descriptor, Object.hasOwn(target, key), key)
    if (descriptor.value !== undefined) assertJson(descriptor.value, 'data', String(key))
    this.#note(key)
    return Reflect.defineProperty(target, key, descriptor)
  }

  deleteProperty(target: Bare, key: string | symbol): boolean {
    this.#note(key)
    // A stored text that is no longer among the values must be removed.
    if (typeof key === 'string' && this.#hidden.includes(key))
      this.#baseline = applyEdits(this.#baseline, { [key]: '' })
    return Reflect.deleteProperty(target, key)
  }

  #note(key: string | symbol): void {
    this.#listener?.edited(String(key))
    if (typeof key === 'symbol') return
    this.#touched ??= new Map()
    this.#touched.set(key, (this.#touched.get(key) ?? 0) + 1)
  }

  /** For a key whose baseline is no longer the object that was listed when it was read. */
  #compareAsText(key: string): void {
    this.#touched ??= new Map()
    if (!this.#touched.has(key)) this.#touched.set(key, 0)
  }

  /** Sets a value that `update` made, `undefined` for none. This does not count as an edit of the handler. */
  put(key: string, value: unknown): void {
    this.#compareAsText(key)
    if (value === undefined) delete this.#target[key]
    else this.#target[key] = value
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
      this.#show(key, value)
      return value
    } catch {
      delete this.#target[key]
      this.#baseline = applyEdits(this.#baseline, { [key]: null })
      this.#drops = { ...this.#drops, [key]: null }
      this.#listener?.corrupt(key)
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
