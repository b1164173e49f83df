import type { RequestView } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Emitter } from '../contracts/events.ts'
import type { SessionId } from '../contracts/record.ts'
import type { StandardSchema } from '../contracts/schema.ts'
import type { Loaded } from './draft.ts'
import { define, type Edits, parseTexts, type Texts, toText } from './texts.ts'
import { type Misfit, validate } from './validate.ts'

/**
 * Core keeps its own values beside the user's, under names that begin with one `~`. A user's key that begins with `~` gets
 * another one.
 */
const OWN = '~'
const FLASH = '~f'

export function toStoredName(key: string): string {
  return key.startsWith(OWN) ? OWN + key : key
}

export function toFlashName(key: string): string {
  return FLASH + key
}

/** Returns the user's keys only. On most requests this is the given object. */
export function userTexts<T extends string | null>(texts: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  for (const name in texts) if (name.startsWith(OWN)) return pick(texts, toUserKey)
  return texts
}

function toUserKey(name: string): string | null {
  if (name.startsWith(OWN + OWN)) return name.slice(1)
  return name.startsWith(OWN) ? null : name
}

/** Returns the flash values only. */
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

/** Returns a user's edits under their stored names. On most requests this is the given object. */
export function toStoredEdits(edits: Edits): Edits {
  for (const key in edits) if (key.startsWith(OWN)) return pick(edits, toStoredName)
  return edits
}

/** The part of core's setup that decides about stored data. */
export interface DataRules {
  readonly schema: StandardSchema<object> | null
  readonly invalidData: 'drop' | 'end' | 'throw'
  readonly events: Emitter
}

/** The rules, and the session whose data they judge. */
export interface Judging {
  readonly setup: DataRules
  readonly view: RequestView | null
  readonly id: SessionId
}

/**
 * Tells core to end the session if `invalidData` is `'end'`. A handler sees it if the data becomes invalid while its request
 * runs.
 */
export class InvalidData extends SessionError {
  constructor(detail: string) {
    super('ERR_DATA_INVALID', detail)
  }
}

/** Whether data must be checked before the handler runs, because only then can it still end the session. */
export function isCheckedEarly(rules: DataRules): boolean {
  return rules.schema !== null || rules.invalidData !== 'drop'
}

/**
 * Returns stored data in the form that a draft begins with. Applies `invalidData` to data that is corrupt or does not fit the
 * schema.
 */
export function loadData(by: Judging, texts: Texts): Loaded {
  const stored = userTexts(texts)
  if (!isCheckedEarly(by.setup)) return { baseline: stored }
  const { paths, ...loaded } = read(by.setup.schema, stored)
  if (paths.length > 0) reportInvalid(by, paths)
  return loaded
}

export function reportInvalid({ setup, view, id }: Judging, paths: readonly string[]): void {
  setup.events.emit('invalidData', { id, paths }, view)
  const detail = `Stored data: ${paths.join(', ')}.`
  if (setup.invalidData === 'throw') throw new SessionError('ERR_DATA_INVALID', detail)
  if (setup.invalidData === 'end') throw new InvalidData(detail)
}

interface Reading extends Required<Loaded> {
  /** The paths of the values that do not count. */
  readonly paths: readonly string[]
}

/**
 * Reads stored texts, and decides what fits the schema; a write asks the same function about its result. A key that fits stays,
 * whatever the others are. Keys that the schema does not name are ignored. A key that does not fit stays in the store, where
 * another release may read it. If it is unknown which keys are wrong, none counts.
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
 * Returns the values with the schema's defaults. Values that the schema turns into something that is not JSON, or does not accept
 * unchanged, do not fit either, because no request could store them again.
 */
function fit(
  schema: DataRules['schema'],
  values: Record<string, unknown>,
  texts: Texts,
): Required<Pick<Loaded, 'values' | 'baseline'>> | Misfit {
  const result = schema === null ? { value: values } : validate(schema, values)
  if ('paths' in result) return result
  const all: Record<string, unknown> = { ...values, ...result.value }
  // The schema's defaults count as loaded. Otherwise reading would write.
  const { baseline, badKeys } = toTexts(all)
  if (badKeys.length > 0) return { badKeys, paths: badKeys }
  const changed = Object.keys(baseline).filter((key) => baseline[key] !== texts[key])
  // The schema may return the same default object for every session, so it is copied.
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

/** Throws `ERR_DATA_INVALID` if the data to be stored could not be read back. `hidden` keys are exempt. */
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
