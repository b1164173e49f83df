import { untilQuoted } from '../kit/driver-errors.ts'
import { type Dialect, type Fault, isTooLong } from '../sql/dialect.ts'

/** SQLite 3.38 or later, which has JSON built in. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  schemaFile: 'sojourn/schema/sqlite.sql',
  placeholders: 'questions',
  quote: (name) => `"${name}"`,

  schema: ({ table, userIndex, expiryIndex }) => [
    `CREATE TABLE IF NOT EXISTS ${table} (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER,
  head TEXT NOT NULL,
  data TEXT
) STRICT`,
    `CREATE INDEX IF NOT EXISTS ${userIndex} ON ${table} (user_id) WHERE user_id IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${expiryIndex} ON ${table} (expires_at)`,
  ],

  data: 'data',
  newData: ':data',
  patched: 'json_patch(data, :patch)',
  holds: 'json_extract(data, :path) = :text',
  lacks: 'json_extract(data, :path) IS NULL',
  unlessTaken: 'ON CONFLICT (id) DO NOTHING',

  // SQLite's UPDATE returns the new row only.
  end: null,
  forUpdate: '',

  sweep: (table) =>
    `DELETE FROM ${table} WHERE rowid IN` +
    ` (SELECT rowid FROM ${table} WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)`,
  check: (table) =>
    `SELECT id, user_id, version, created_at, last_seen_at, expires_at, ended_at, head, data FROM ${table} WHERE id = :id`,

  toFault,
}

/**
 * Primary result codes, as numbers and as the drivers' names. Extended names begin with the primary one: `SQLITE_BUSY_SNAPSHOT`.
 */
const BUSY = 5
const LOCKED = 6
const AGAIN = /\bSQLITE_(BUSY|LOCKED)|database (table )?is locked/

/** Exceeds the limit of SQLite, of a server or of D1. */
const TOO_BIG = 18
const LARGE = /\bSQLITE_TOOBIG|string or blob too big|\bHTTP status 413\b/

/** The disk is full, or `max_page_count` is reached. */
const NO_ROOM = 13
const FULL = /\bSQLITE_FULL|database or disk is full|exceeded maximum DB size/i

/** Raised by a trigger of the application, which may quote the row. */
const RAISED = 1811
const QUOTING = /^SQLITE_CONSTRAINT_TRIGGER\b/

const TABLE = /no such (table|column)|has no column named|ON CONFLICT clause does not match/

/** SQLite's own messages name tables and columns. Runtimes, and answers of a server that are not JSON, may quote values. */
function toFault(error: unknown): Fault {
  if (!(error instanceof Error)) return { kind: 'other', text: 'not an error' }
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  const said = `${typeof code === 'string' ? code : ''} ${error.message}`.trim()
  const text = Number(errcode) === RAISED || QUOTING.test(said) ? 'SQLITE_CONSTRAINT_TRIGGER' : untilQuoted(said)
  const primary = Number(errcode) & 0xff
  if (primary === BUSY || primary === LOCKED || AGAIN.test(text)) return { kind: 'again', text }
  if (primary === TOO_BIG || LARGE.test(text) || isTooLong(error)) return { kind: 'large', text }
  if (primary === NO_ROOM || FULL.test(text)) return { kind: 'full', text }
  return { kind: TABLE.test(text) ? 'table' : 'other', text }
}
