import type { RequestView } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Emitter } from '../contracts/events.ts'
import type { SessionId } from '../contracts/record.ts'
import type { StandardSchema } from '../contracts/schema.ts'
import type { Loaded } from './draft.ts'
import { define, type Edits, parseTexts, type Texts, toText } from './texts.ts'
import { type Misfit, validate } from './validate.ts'

/**
 * Core keeps values of its own beside the user's: their names begin with one `~`, so a user's key that begins so
 * gets one more.
 */
const OWN = '~'
const FLASH = '~f'

export function toStoredName(key: string): string {
  return key.startsWith(OWN) ? OWN + key : key
}

export function toFlashName(key: string): string {
  return FLASH + key
}

/** The user's keys alone: on most requests, what was given. */
export function userTexts<T extends string | null>(texts: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  for (const name in texts) if (name.startsWith(OWN)) return pick(texts, toUserKey)
  return texts
}

function toUserKey(name: string): string | null {
  if (name.startsWith(OWN + OWN)) return name.slice(1)
  return name.startsWith(OWN) ? null : name
}

/** The flash values alone. */
export function flashTexts<T extends string | null>(texts: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return pick(texts, (name) => (name.startsWith(FLASH) ? name.slice(FLASH.length) : null))
}

function pick<T>(texts: Readonly<Record<string, T>>, toKey: (name: string) => string | null): Record<string, T> {
  const result: Record<string, T> = {}
  for (const [name, text] of Object.entries(texts)) {
    const key = toKey(name)
    if (key !== null) define(result, key, text)
  }
  return result
}

/** A user's edits under their stored names. */
export function toStoredEdits(edits: Edits): Edits {
  return pick(edits, toStoredName)
}

/** How stored data is judged: of what core is set up with, the part that concerns data. */
export interface DataRules {
  readonly schema: StandardSchema<object> | null
  readonly invalidData: 'drop' | 'end' | 'throw'
  readonly events: Emitter
}

/** The rules, and the request whose data they judge. */
interface Judging {
  readonly setup: DataRules
  readonly view: RequestView | null
}

/** Tells core to end the session, when `invalidData` is `'end'`. Handlers see it if data goes bad while their request runs. */
export class InvalidData extends SessionError {
  constructor(detail: string) {
    super('ERR_DATA_INVALID', detail)
  }
}

/** Whether data has to be looked at before the handler runs: only then can it still end the session. */
export function isCheckedEarly(rules: DataRules): boolean {
  return rules.schema !== null || rules.invalidData !== 'drop'
}

/** Stored data as a draft begins with it. What is corrupt or does not fit the schema is handled as `invalidData` says. */
export function loadData(by: Judging, id: SessionId, texts: Texts): Loaded {
  const stored = userTexts(texts)
  if (!isCheckedEarly(by.setup)) return { baseline: stored }
  const { paths, ...loaded } = read(by.setup.schema, stored)
  if (paths.length > 0) reportInvalid(by, id, paths)
  return loaded
}

export function reportInvalid({ setup, view }: Judging, id: SessionId, paths: readonly string[]): void {
  setup.events.emit('invalidData', { id, paths }, view)
  const detail = `Stored data: ${paths.join(', ')}.`
  if (setup.invalidData === 'throw') throw new SessionError('ERR_DATA_INVALID', detail)
  if (setup.invalidData === 'end') throw new InvalidData(detail)
}

interface Reading extends Required<Loaded> {
  /** What does not count, and where. */
  readonly paths: readonly string[]
}

/**
 * Stored texts as a request gets them, and the one judge of what fits: a write asks it about what it is to leave behind. A key
 * that fits stays, whatever the others are; one that the schema does not name is none of its business. One that does not fit
 * stays in the store, where another release may read it. When nobody can tell which keys are wrong, none counts.
 */
function read(schema: DataRules['schema'], texts: Texts): Reading {
  const { values, corrupt } = parseTexts(texts)
  const whole = fit(schema, values, texts)
  if ('baseline' in whole) return { ...whole, dropped: corrupt, hidden: [], paths: corrupt }
  const paths = [...corrupt, ...whole.paths]
  const isBad = (key: string): boolean =>
    !(
      'baseline' in
      fit(
        schema,
        pick(values, (name) => (name === key ? key : null)),
        texts,
      )
    )
  const hidden = Object.keys(values).filter((key) =>
    whole.badKeys.length > 0 ? whole.badKeys.includes(key) : isBad(key),
  )
  const rest = pick(values, (key) => (hidden.includes(key) ? null : key))
  const second = fit(schema, rest, texts)
  if ('baseline' in second) return { ...second, dropped: corrupt, hidden, paths }
  const empty = fit(schema, {}, {})
  const loaded = 'baseline' in empty ? empty : { values: {}, baseline: {} }
  return { ...loaded, dropped: [...corrupt, ...Object.keys(values)], hidden: [], paths }
}

/**
 * The values with what the schema fills in. Misfits are also those that it turns into what is no JSON, or what it would not
 * accept unchanged: no request could store them again.
 */
function fit(
  schema: DataRules['schema'],
  values: Record<string, unknown>,
  texts: Texts,
): Required<Pick<Loaded, 'values' | 'baseline'>> | Misfit {
  const result = schema === null ? { value: values } : validate(schema, values)
  if ('paths' in result) return result
  const all: Record<string, unknown> = { ...values, ...result.value }
  // What the schema fills in by default counts as loaded, or reading would write.
  const { baseline, badKeys } = toTexts(all)
  if (badKeys.length > 0) return { badKeys, paths: badKeys }
  const changed = Object.keys(baseline).filter((key) => baseline[key] !== texts[key])
  // A default may be one object that the schema gives to every session.
  for (const key of changed) define(all, key, JSON.parse(baseline[key] ?? ''))
  if (schema === null || !changed.some((key) => Object.hasOwn(values, key))) return { values: all, baseline }
  const again = validate(schema, all)
  if ('paths' in again) return again
  const after = toTexts({ ...all, ...again.value }).baseline
  const unstable = changed.filter((key) => after[key] !== baseline[key])
  return unstable.length > 0 ? { badKeys: unstable, paths: unstable } : { values: all, baseline }
}

function toTexts(values: Record<string, unknown>): { baseline: Texts; badKeys: string[] } {
  const baseline: Record<string, string> = {}
  const badKeys: string[] = []
  for (const key of Object.keys(values)) {
    try {
      const text = toText(values[key], key)
      if (text !== undefined) define(baseline, key, text)
    } catch {
      badKeys.push(key)
    }
  }
  return { baseline, badKeys }
}

/** `ERR_DATA_INVALID` when what is about to be stored would not be read back; `hidden` is not read back as it is. */
export function assertFits({ schema }: DataRules, texts: Texts, edits: Edits, hidden: readonly string[] = []): void {
  if (schema === null) return
  const reading = read(schema, userTexts(texts))
  const bad = [...reading.dropped, ...reading.hidden].filter(
    (key) => Object.hasOwn(edits, key) || !hidden.includes(key),
  )
  if (bad.length === 0) return
  throw new SessionError(
    'ERR_DATA_INVALID',
    `Not stored: ${reading.paths.join(', ')}. The schema must accept the value, and the JSON that it makes of it.`,
  )
}
