import { applyEdits, define, type Edits, type Loaded, NO_EDITS, parseTexts, type Texts, toText } from './draft.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import type { SessionId } from './record.ts'
import { validate } from './schema.ts'

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

/** The user's keys alone. */
export function userTexts(texts: Texts): Texts {
  if (!Object.keys(texts).some((name) => name.startsWith(OWN))) return texts
  return pick(texts, (name) => (name.startsWith(OWN + OWN) ? name.slice(1) : name.startsWith(OWN) ? null : name))
}

/** The flash values alone. */
export function flashTexts(texts: Texts): Texts {
  return pick(texts, (name) => (name.startsWith(FLASH) ? name.slice(FLASH.length) : null))
}

function pick(texts: Texts, toKey: (name: string) => string | null): Texts {
  const result: Record<string, string> = {}
  for (const [name, text] of Object.entries(texts)) {
    const key = toKey(name)
    if (key !== null) define(result, key, text)
  }
  return result
}

/** A user's edits under their stored names. */
export function toStoredEdits({ set, remove }: Edits): Edits {
  const renamed: Record<string, string> = {}
  for (const [key, text] of Object.entries(set)) define(renamed, toStoredName(key), text)
  return { set: renamed, remove: remove.map(toStoredName) }
}

/** Thrown inside core for stored data that does not fit, when `invalidData` is `'end'`. */
export class InvalidData extends Error {}

/** Whether data has to be looked at before the handler runs: only then can it still end the session. */
export function isCheckedEarly(engine: Engine): boolean {
  return engine.schema !== null || engine.invalidData !== 'drop'
}

/** Stored data as a draft begins with it. What is corrupt or does not fit the schema is handled as `invalidData` says. */
export function loadData(engine: Engine, id: SessionId, texts: Texts): Loaded {
  const stored = userTexts(texts)
  if (!isCheckedEarly(engine)) return { baseline: stored }
  const { values: parsed, corrupt } = parseTexts(stored)
  const { values, paths } = engine.schema === null ? { values: parsed, paths: [] } : fit(engine.schema, parsed)
  if (corrupt.length + paths.length > 0) reportInvalid(engine, id, [...corrupt, ...paths])
  // What the schema fills in by default counts as loaded, or reading would write.
  const baseline: Record<string, string> = {}
  for (const key of Object.keys(values)) {
    const text = toText(values[key], key)
    if (text !== undefined) define(baseline, key, text)
  }
  return { values, baseline }
}

export function reportInvalid(engine: Engine, id: SessionId, paths: readonly string[]): void {
  engine.events.emit('invalidData', { id, paths })
  if (engine.invalidData === 'throw') throw new SessionError('ERR_DATA_INVALID', `Stored data: ${paths.join(', ')}.`)
  if (engine.invalidData === 'end') throw new InvalidData()
}

/** The values that fit, and the paths of those that do not. A value that fits stays, whatever the others are. */
function fit(
  schema: NonNullable<Engine['schema']>,
  values: Record<string, unknown>,
): { values: Record<string, unknown>; paths: readonly string[] } {
  const whole = validate(schema, values)
  if ('value' in whole) return { values: { ...whole.value }, paths: [] }
  const rest = applyRemoval(values, whole.badKeys)
  const second = validate(schema, rest)
  if ('value' in second) return { values: { ...second.value }, paths: whole.paths }
  const empty = validate(schema, {})
  return { values: 'value' in empty ? { ...empty.value } : {}, paths: whole.paths }
}

function applyRemoval(values: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)))
}

/** `ERR_DATA_INVALID` when what is about to be stored would not be read back. */
export function assertFits(engine: Engine, texts: Texts, edits: Edits): void {
  if (engine.schema === null || edits === NO_EDITS) return
  const { values } = parseTexts(userTexts(applyEdits(texts, edits)))
  const result = validate(engine.schema, values)
  if ('paths' in result) throw new SessionError('ERR_DATA_INVALID', `Not stored: ${result.paths.join(', ')}.`)
}
