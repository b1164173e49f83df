import { toQuietCause } from '../kit/driver-errors.ts'
import { type Dialect, type Fault, isTooLong } from '../sql/dialect.ts'
import { COLUMNS } from '../sql/row.ts'

export const postgresDialect: Dialect = {
  name: 'postgres',
  schemaFile: 'sojourn/schema/postgres.sql',
  placeholders: 'numbered',
  quote: (name) => `"${name}"`,

  schema: ({ table, userIndex, expiryIndex }) => [
    `CREATE TABLE IF NOT EXISTS ${table} (
  id text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C",
  version integer NOT NULL,
  created_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at bigint,
  head text NOT NULL,
  data jsonb
)`,
    `CREATE INDEX IF NOT EXISTS ${userIndex} ON ${table} (user_id) WHERE user_id IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${expiryIndex} ON ${table} (expires_at)`,
  ],

  // JSON is read as text because applications configure how their driver parses JSON. Texts are sent as text because some drivers
  // encode them as JSON again.
  data: 'data::text AS data',
  newData: ':data::text::jsonb',
  patched: 'jsonb_strip_nulls(data || :patch::text::jsonb)',
  holds: 'data ->> :key::text = :text',
  lacks: 'data ->> :key::text IS NULL',
  unlessTaken: 'ON CONFLICT (id) DO NOTHING',

  // The lock gets the newest committed row. The update then finds the same row, because nobody else can change it any more.
  end: (table, live, toTombstone) =>
    `WITH live AS MATERIALIZED (${live}) UPDATE ${table} AS t SET ${toTombstone} FROM live WHERE t.id = live.id RETURNING live.*`,
  forUpdate: 'FOR UPDATE',

  // The next sweep gets rows that another connection has locked. As an array, the ids are looked up by the primary key.
  sweep: (table) =>
    `DELETE FROM ${table} WHERE id = ANY(ARRAY(SELECT id FROM ${table} WHERE expires_at <= :now ORDER BY expires_at` +
    ' LIMIT :limit FOR UPDATE SKIP LOCKED))',
  // Inserts nothing, but fails if a column, a type or the primary key differs.
  check: (table) =>
    `INSERT INTO ${table} (${COLUMNS}, data) SELECT ${COLUMNS}, jsonb_strip_nulls(data) FROM ${table} WHERE false` +
    ' ON CONFLICT (id) DO NOTHING',

  toFault,
}

/** Serialization failure and deadlock. */
const AGAIN = ['40001', '40P01']

/** If two processes create one table at once, one of them gets any of these errors. */
const DUPLICATE = ['23505', '42P07', '42710']

/** No such table or schema, no such column, another type, or no primary key. */
const TABLE = ['42P01', '3F000', '42703', '42804', '42883', '42P10']

/** Insufficient privilege. PostgreSQL checks it before it looks whether the table exists. */
const DENIED = '42501'

/**
 * A text or an object larger than `jsonb` allows, and a message or an allocation of more than 1 GB, which have no code of their
 * own.
 */
const LARGE = /^(54000 |08P01 invalid message length|XX000 invalid memory alloc request size)/

/** No room on the disk. */
const FULL = '53100'

/**
 * Classes whose messages quote values: data exceptions, violated constraints, and errors that the application's triggers raise.
 */
const QUOTING = /^(2[23]|P0)/

/** An SQLSTATE. */
const STATE = /^[0-9A-Z]{5}$/

function toFault(error: unknown): Fault {
  if (!(error instanceof Error)) return { kind: 'other', text: 'not an error' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // Without an SQLSTATE the error is not the server's. The client or the runtime made it, and may quote what it was given.
  const said = STATE.test(code) ? error.message : toQuietCause(error).message
  const text = QUOTING.test(code) ? code : `${code} ${said}`.trim()
  if (AGAIN.includes(code)) return { kind: 'again', text }
  if (TABLE.includes(code)) return { kind: 'table', text }
  if (code === DENIED) return { kind: 'denied', text }
  if (LARGE.test(text) || isTooLong(error)) return { kind: 'large', text }
  if (code === FULL) return { kind: 'full', text }
  return { kind: DUPLICATE.includes(code) ? 'duplicate' : 'other', text }
}
