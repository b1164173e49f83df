import { applyEdits, define, type Edits, isEmpty, type Loaded, parseTexts, type Texts, toText } from './draft.ts'
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

/** Tells core to end the session, when `invalidData` is `'end'`. Handlers see it if data goes bad while their request runs. */
export class InvalidData extends SessionError {
  constructor(detail: string) {
    super('ERR_DATA_INVALID', detail)
  }
}

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
  const detail = `Stored data: ${paths.join(', ')}.`
  if (engine.invalidData === 'throw') throw new SessionError('ERR_DATA_INVALID', detail)
  if (engine.invalidData === 'end') throw new InvalidData(detail)
}

/** The values that fit, and the paths of those that do not. A value that fits stays, whatever the others are. */
function fit(
  schema: NonNullable<Engine['schema']>,
  values: Record<string, unknown>,
): { values: Record<string, unknown>; keys: readonly string[]; paths: readonly string[] } {
  const whole = validate(schema, values)
  if ('value' in whole) return { values: { ...whole.value }, keys: Object.keys(values), paths: [] }
  const rest = withoutKeys(values, whole.badKeys)
  const second = validate(schema, rest)
  if ('value' in second) return { values: { ...second.value }, keys: Object.keys(rest), paths: whole.paths }
  const empty = validate(schema, {})
  return { values: 'value' in empty ? { ...empty.value } : {}, keys: [], paths: whole.paths }
}

function withoutKeys(values: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)))
}

/** What of these texts a request sees: all but user's keys that do not fit the schema. */
export function fittingTexts({ schema }: Engine, texts: Texts): Texts {
  if (schema === null) return texts
  const user = userTexts(texts)
  const fitting = new Set(fit(schema, parseTexts(user).values).keys)
  const hidden = new Set(Object.keys(user).flatMap((key) => (fitting.has(key) ? [] : [toStoredName(key)])))
  return pick(texts, (name) => (hidden.has(name) ? null : name))
}

/**
 * The edits as they can be stored. `ERR_DATA_INVALID` when they do not fit. What did not fit before them is not their fault,
 * and stays where it is, so that a schema that was wrong costs no data; but where it would hide the edits too, it goes.
 */
export function toFitting(engine: Engine, texts: Texts, edits: Edits): Edits {
  if (engine.schema === null || isEmpty(edits)) return edits
  const all = applyEdits(texts, edits)
  if ('value' in validate(engine.schema, parseTexts(userTexts(all)).values)) return edits
  const seen = fittingTexts(engine, texts)
  const result = validate(engine.schema, parseTexts(userTexts(applyEdits(seen, edits))).values)
  if ('paths' in result) throw new SessionError('ERR_DATA_INVALID', `Not stored: ${result.paths.join(', ')}.`)
  const readBack = fittingTexts(engine, all)
  if (Object.keys(edits.set).every((name) => Object.hasOwn(readBack, name))) return edits
  const hidden = Object.keys(texts).filter((name) => !Object.hasOwn(seen, name) && !Object.hasOwn(edits.set, name))
  return { set: edits.set, remove: [...edits.remove, ...hidden] }
}
