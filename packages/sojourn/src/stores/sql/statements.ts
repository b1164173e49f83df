import { SessionError } from '../../core/contracts/errors.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { hashSecret } from '../../core/token/token.ts'
import type { Dialect } from './dialect.ts'
import type { Call, Statement, Value } from './driver.ts'
import { COLUMNS, type Parameters } from './row.ts'

export const DEFAULT_TABLE = 'sojourn_sessions'

/** Makes a call: a statement with its values. */
export type Template = (parameters: Parameters) => Call

/** Which parts a change has. Each combination is a statement of its own, so that a touch does not rewrite the data. */
export interface Shape {
  readonly edits: boolean
  /** The number of keys that are removed by their paths, `:gone0` and so on. */
  readonly paths: number
  readonly head: boolean
  readonly seen: boolean
  readonly expect: 'text' | 'absent' | 'any'
}

export interface Statements {
  readonly setup: readonly Template[]
  readonly check: Template
  readonly read: Template
  readonly list: Template
  /** Rows after `:id`, in the order of ids. */
  readonly scan: Template
  readonly create: Template
  readonly write: (shape: Shape) => Template
  /** Whether the change makes `data` too large. `null` if the database reports that by itself. */
  readonly oversize: ((shape: Shape) => Template) | null
  readonly isRemovingByPath: boolean
  /** One statement, or two to run as a batch. */
  readonly end: readonly [Template] | readonly [Template, Template]
  readonly sweep: Template
  /** Deletes rows by this many ids, `:id0` and so on, unless they were touched. `null` if `sweep` has deleted them itself. */
  readonly deleteDue: ((ids: number) => Template) | null
}

const TO_TOMBSTONE = 'user_id = NULL, head = :head, data = NULL, expires_at = :until, ended_at = :ended'

/** All SQL of a store, written once for all databases. */
export function createStatements(dialect: Dialect, name: string, schema?: string): Statements {
  const table = (schema === undefined ? '' : `${dialect.quote(schema)}.`) + dialect.quote(name)
  const indexes = {
    userIndex: dialect.quote(`${name}_user_id`),
    expiryIndex: dialect.quote(`${name}_expires_at`),
  }
  const one = (text: string): Template => template(dialect, text)
  const columns = `${COLUMNS}, ${dialect.data}`
  const live = `SELECT ${columns} FROM ${table} WHERE id = :id AND ended_at IS NULL ${dialect.forUpdate}`
  const end = `UPDATE ${table} SET ${TO_TOMBSTONE} WHERE id = :id AND ended_at IS NULL`
  const { deleteDue: toDelete, fits } = dialect
  const kept = new Map<string, Template>()
  const once = (key: string, toText: () => string): Template => {
    const known = kept.get(key) ?? one(toText())
    kept.set(key, known)
    return known
  }

  return {
    setup: dialect.schema({ table, ...indexes }).map(one),
    check: one(dialect.check(table)),
    read: one(`SELECT ${columns} FROM ${table} WHERE id = :id`),
    list: one(`SELECT ${columns} FROM ${table} WHERE user_id = :user`),
    scan: one(`SELECT ${columns} FROM ${table} WHERE id > :id ORDER BY id LIMIT :limit`),
    create: one(
      `INSERT INTO ${table} (id, user_id, version, created_at, last_seen_at, expires_at, head, data)` +
        ` VALUES (:id, :user, :version, :created, :at, :until, :head, ${dialect.newData}) ${dialect.unlessTaken}`,
    ),
    write: (shape) => once(JSON.stringify(shape), () => toUpdate(dialect, table, shape)),
    oversize:
      fits === undefined
        ? null
        : ({ paths }) =>
            once(
              `oversize ${paths}`,
              () => `SELECT id FROM ${table} WHERE id = :id AND NOT ${fits(toEdited(dialect, paths))}`,
            ),
    isRemovingByPath: dialect.removed !== undefined,
    end: dialect.end === null ? [one(live), one(end)] : [one(dialect.end(table, live, TO_TOMBSTONE))],
    sweep: one(dialect.sweep(table)),
    deleteDue: toDelete === undefined ? null : (ids) => once(`${ids}`, () => toDelete(table, numbered('id', ids))),
  }
}

/** A touch that is older than another one moves nothing, but the rest of the change applies. */
const FRESH = 'last_seen_at <= :at'

function toUpdate(dialect: Dialect, table: string, { edits, paths, head, seen, expect }: Shape): string {
  const set: string[] = []
  // The order matters: MySQL assigns from left to right, and each assignment sees the ones before it.
  if (seen) set.push(`expires_at = CASE WHEN ${FRESH} THEN :until ELSE expires_at END`)
  if (seen) set.push(`last_seen_at = CASE WHEN ${FRESH} THEN :at ELSE last_seen_at END`)
  if (head) set.push('head = :head', 'version = :next')
  if (edits) set.push(`data = ${toEdited(dialect, paths)}`)
  const where = ['id = :id', 'ended_at IS NULL']
  if (head || seen) where.push('version = :version')
  if (expect === 'text') where.push(dialect.holds)
  if (expect === 'absent') where.push(dialect.lacks)
  if (edits && dialect.fits !== undefined) where.push(dialect.fits(toEdited(dialect, paths)))
  return `UPDATE ${table} SET ${set.join(', ')} WHERE ${where.join(' AND ')}`
}

function toEdited({ patched, removed }: Dialect, paths: number): string {
  if (removed === undefined || paths === 0) return patched
  return removed(patched, numbered('gone', paths))
}

/** `:gone0, :gone1` */
function numbered(name: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `:${name}${index}`).join(', ')
}

/**
 * Values for numbered parameters. They are padded to a power of two by repeating the last value, because each number of them is a
 * statement that the server has to keep.
 */
export function toNumbered(name: string, values: readonly string[]): Record<string, string> {
  const last = values.at(-1)
  if (last === undefined) return {}
  const length = 2 ** Math.ceil(Math.log2(values.length))
  return Object.fromEntries(Array.from({ length }, (_, index) => [name + index, values[index] ?? last]))
}

/** Replaces `:name` by the dialect's placeholders. `::` is a PostgreSQL cast. */
export function template({ placeholders, toParameter, isLimitText }: Dialect, source: string): Template {
  const names: string[] = []
  const text = source.trim().replace(/(?<!:):([a-z]+\d*)/g, (_, name: string) => {
    if (placeholders === 'questions' || !names.includes(name)) names.push(name)
    return placeholders === 'questions' ? '?' : `$${names.indexOf(name) + 1}`
  })
  const statement: Statement = { name: `sojourn_${hashSecret(toUtf8(text)).slice(0, 22)}`, text }
  function toValue(name: string, value: Value): Value {
    if (name === 'limit' && isLimitText === true) return `${value}`
    return toParameter !== undefined && typeof value === 'string' && STORED_TEXTS.includes(name)
      ? toParameter(value)
      : value
  }
  return (parameters) => ({ statement, values: names.map((name) => toValue(name, parameters[name] ?? null)) })
}

/** The parameters that may not be ASCII. */
const STORED_TEXTS = ['data', 'patch', 'text']

/** Leaves room for the suffixes of index names within PostgreSQL's limit of 63 bytes. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,47}$/

/** Names are inserted into SQL, where no parameter can be used. So only plain words are allowed, and they are quoted. */
export function assertIdentifier(name: unknown, option: string): asserts name is string {
  if (typeof name === 'string' && IDENTIFIER.test(name)) return
  throw new SessionError(
    'ERR_OPTION',
    `${option} must be a name of at most 48 letters, digits and underscores that does not begin with a digit.`,
  )
}
