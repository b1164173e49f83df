import type { RequestView } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Emitter } from '../contracts/events.ts'
import type { SessionId } from '../contracts/record.ts'
import type { SchemaIssue, StandardSchema } from '../contracts/schema.ts'
import { isPromise } from '../lib/maybe.ts'
import type { Loaded } from './draft.ts'
import { assertJson, define, type Edits, parseTexts, pick, type Texts, toText, userTexts } from './texts.ts'

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
 * Returns stored data, by the user's keys, in the form that a draft begins with. Applies `invalidData` to data that is corrupt or
 * does not fit the schema.
 */
export function loadChecked(by: Judging, stored: Texts): Loaded {
  const { paths, ...loaded } = read(by.setup.schema, stored)
  if (paths.length > 0) reportInvalid(by, paths)
  return loaded
}

/** Throws unless `invalidData` is `'drop'`. With `'end'`, the error ends the session if no handler has seen it yet. */
export function reportInvalid({ setup, view, id }: Judging, paths: readonly string[]): void {
  setup.events.emit('invalidData', { id, paths }, view)
  if (setup.invalidData !== 'drop') throw new SessionError('ERR_DATA_INVALID', `Stored data: ${paths.join(', ')}.`)
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
  const fitAll = (keys: readonly string[]): ReturnType<typeof fit> =>
    fit(
      schema,
      pick(values, (key) => (keys.includes(key) ? key : null)),
      texts,
    )
  const keys = Object.keys(values)
  const hidden = keys.filter((key) =>
    whole.badKeys.length > 0 ? whole.badKeys.includes(key) : 'paths' in fitAll([key]),
  )
  const rest = fitAll(keys.filter((key) => !hidden.includes(key)))
  if ('baseline' in rest) return { ...rest, dropped: corrupt, hidden, paths }
  const empty = fit(schema, {}, {})
  const loaded = 'baseline' in empty ? empty : { values: {}, baseline: {} }
  return { ...loaded, dropped: [...corrupt, ...keys], hidden: [], paths }
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
export function assertFits(
  schema: StandardSchema<object>,
  texts: Texts,
  edits: Edits,
  hidden: readonly string[] = [],
): void {
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

/**
 * Top-level keys that do not fit (`[]`: the whole data), and where. Contains paths only, because a message of the schema may
 * contain the value.
 */
export interface Misfit {
  readonly badKeys: readonly string[]
  readonly paths: readonly string[]
}

/**
 * Throws `ERR_OPTION` if it is not a schema of an object, is asynchronous, rejects the empty data of a new session, or rejects
 * its own output. Throws `ERR_DATA_NOT_JSON` if a default is not JSON.
 */
export function assertSchema(schema: StandardSchema<object>): void {
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new SessionError('ERR_OPTION', 'data must be a Standard Schema (zod, valibot, arktype, ...).')
  }
  const first = validate(schema, {})
  if ('paths' in first) {
    const why = first.paths[0] === LATER ? ' It must validate at once, without promises.' : ''
    throw new SessionError(
      'ERR_OPTION',
      `data must accept {}: every session begins empty. Make its keys optional, or give them defaults.${why}`,
    )
  }
  assertJson(first.value, 'data')
  const again = validate(schema, first.value)
  if ('paths' in again || JSON.stringify(again.value) !== JSON.stringify(first.value)) {
    throw new SessionError('ERR_OPTION', 'data must accept what it gives, unchanged: its defaults do not fit it.')
  }
}

const LATER = 'the schema answered with a promise'

/** Never throws. If a schema throws, is asynchronous or returns no object, the whole data does not fit. */
export function validate<Output extends object>(
  schema: StandardSchema<Output>,
  value: unknown,
): { readonly value: Output } | Misfit {
  try {
    const result = schema['~standard'].validate(value)
    if (isPromise(result)) {
      // Nothing waits for it, so its rejection would end the process.
      result.catch(() => {})
      return { badKeys: [], paths: [LATER] }
    }
    if (result.issues !== undefined) return toMisfit(result.issues)
    if (typeof result.value === 'object' && result.value !== null) return { value: result.value }
    return { badKeys: [], paths: ['the schema gave no object'] }
  } catch {
    return { badKeys: [], paths: ['the schema threw an error'] }
  }
}

function toMisfit(issues: readonly SchemaIssue[]): Misfit {
  const paths = issues.map((issue) =>
    (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)),
  )
  return {
    badKeys: [...new Set(paths.flatMap(([first]) => (first === undefined ? [] : [first])))],
    paths: paths.map((path) => path.join('.')),
  }
}
