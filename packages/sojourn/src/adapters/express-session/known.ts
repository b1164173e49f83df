import { define, type Edits, type Texts } from '../../core/data/texts.ts'

/** What is known of a session object. */
export interface Known {
  /** Whether the store has it. Such a session is only ever changed, because it may have been destroyed meanwhile. */
  readonly isStored: boolean
  /** As it was when the request began with it. */
  readonly original: Texts
  /** As it was when it was last loaded or stored. The next edits count from here. */
  readonly texts: Texts
  /** As it was stored by this request, or as it was loaded if it need not be stored again. `null`: it must be stored. */
  readonly saved: Texts | null
  /** Whether it was destroyed through this object. */
  readonly isEnded: boolean
  /** What the store returned. */
  readonly origin: object | null
}

const NEW: Known = { isStored: false, original: {}, texts: {}, saved: null, isEnded: false, origin: null }

/** Not a property, because libraries copy the properties of one session to another. */
const known = new WeakMap<object, Known>()

export function knownOf(session: object): Known {
  return known.get(session) ?? NEW
}

export function learn(session: object, news: Partial<Known>): void {
  known.set(session, { ...knownOf(session), ...news })
}

/** The JSON text of each property but the cookie. What JSON leaves out is absent. */
export function textsOf(session: object): Texts {
  const texts: Record<string, string> = {}
  for (const [key, value] of Object.entries(session)) {
    const text = key === 'cookie' ? undefined : JSON.stringify(value)
    if (text !== undefined) define(texts, key, text)
  }
  return texts
}

/** What changed from one to the other, key by key. */
export function editsBetween(before: Texts, after: Texts): Edits {
  const edits: Record<string, string | null> = {}
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) define(edits, key, null)
  for (const [key, text] of Object.entries(after)) {
    if (!Object.hasOwn(before, key) || before[key] !== text) define(edits, key, text)
  }
  return edits
}

export function isSame(left: Texts, right: Texts): boolean {
  return Object.keys(editsBetween(left, right)).length === 0
}

/** Whether something changed, and only in that keys are gone, those of objects in values too. */
export function onlyRemoves(before: Texts, after: Texts): boolean {
  const edits = Object.entries(editsBetween(before, after))
  const isRemoval = (key: string, text: string): boolean => {
    const old = Object.hasOwn(before, key) ? before[key] : undefined
    return old !== undefined && isPart(JSON.parse(text), JSON.parse(old))
  }
  return edits.length > 0 && edits.every(([key, text]) => text === null || isRemoval(key, text))
}

function isPart(part: unknown, whole: unknown): boolean {
  if (!isObject(part) || !isObject(whole)) return JSON.stringify(part) === JSON.stringify(whole)
  return Object.entries(part).every(([key, value]) => Object.hasOwn(whole, key) && isPart(value, whole[key]))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
