import { define, type Edits, type Loaded, parseTexts, type Texts, toText } from './draft.ts'
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

/** The user's keys alone: on most requests, what was given. */
export function userTexts(texts: Texts): Texts {
  for (const name in texts) if (name.startsWith(OWN)) return pick(texts, toUserKey)
  return texts
}

function toUserKey(name: string): string | null {
  if (name.startsWith(OWN + OWN)) return name.slice(1)
  return name.startsWith(OWN) ? null : name
}

/** The flash values alone. */
export function flashTexts(texts: Texts): Texts {
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
  const { values, dropped, paths } =
    engine.schema === null ? { values: parsed, dropped: [], paths: [] } : fit(engine.schema, parsed)
  if (corrupt.length + paths.length > 0) reportInvalid(engine, id, [...corrupt, ...paths])
  // What the schema fills in by default counts as loaded, or reading would write.
  const baseline: Record<string, string> = {}
  for (const key of Object.keys(values)) {
    const text = toText(values[key], key)
    if (text !== undefined) define(baseline, key, text)
  }
  return { values, baseline, dropped: [...corrupt, ...dropped] }
}

export function reportInvalid(engine: Engine, id: SessionId, paths: readonly string[]): void {
  engine.events.emit('invalidData', { id, paths })
  const detail = `Stored data: ${paths.join(', ')}.`
  if (engine.invalidData === 'throw') throw new SessionError('ERR_DATA_INVALID', detail)
  if (engine.invalidData === 'end') throw new InvalidData(detail)
}

interface Fit {
  readonly values: Record<string, unknown>
  readonly dropped: readonly string[]
  readonly paths: readonly string[]
}

/** The values that fit. One that does stays, whatever the others are; one that the schema does not name is none of its business. */
function fit(schema: NonNullable<Engine['schema']>, values: Record<string, unknown>): Fit {
  const whole = validate(schema, values)
  if ('value' in whole) return { values: { ...values, ...whole.value }, dropped: [], paths: [] }
  const rest = Object.fromEntries(Object.entries(values).filter(([key]) => !whole.badKeys.includes(key)))
  const second = validate(schema, rest)
  if ('value' in second) return { values: { ...rest, ...second.value }, dropped: whole.badKeys, paths: whole.paths }
  const empty = validate(schema, {})
  return { values: 'value' in empty ? { ...empty.value } : {}, dropped: Object.keys(values), paths: whole.paths }
}

/** `ERR_DATA_INVALID` when what is about to be stored would not be read back. */
export function assertFits({ schema }: Engine, texts: Texts): void {
  if (schema === null) return
  const result = validate(schema, parseTexts(userTexts(texts)).values)
  if ('paths' in result) throw new SessionError('ERR_DATA_INVALID', `Not stored: ${result.paths.join(', ')}.`)
}
