import { Buffer } from 'node:buffer'
import { toQuietCause } from '../kit/driver-errors.ts'
import { type Dialect, type Fault, isTooLong } from '../sql/dialect.ts'
import { COLUMNS } from '../sql/row.ts'

export const mysqlDialect: Dialect = {
  name: 'mysql',
  schemaFile: 'sojourn/schema/mysql.sql',
  placeholders: 'questions',
  quote: (name) => `\`${name}\``,

  schema: ({ table, userIndex, expiryIndex }) => [
    `CREATE TABLE IF NOT EXISTS ${table} (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  user_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin,
  version INT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT,
  head MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  data JSON,
  INDEX ${userIndex} (user_id),
  INDEX ${expiryIndex} (expires_at)
) ENGINE = InnoDB`,
  ],

  // Texts are sent and read as bytes of UTF-8, because a connection with another character set would convert them. mysql2 before
  // 3.23 sends bytes as text of the connection's character set, so the server has to be told that they are bytes.
  data: 'CAST(data AS BINARY) AS data',
  newData: 'CONVERT(CAST(:data AS BINARY) USING utf8mb4)',
  patched: 'JSON_MERGE_PATCH(data, CONVERT(CAST(:patch AS BINARY) USING utf8mb4))',
  // MariaDB 10.11 keeps some keys if one patch removes several with null.
  removed: (data, paths) => `JSON_REMOVE(${data}, ${paths})`,
  // As JSON it may be larger than this. As text, which is how it is read, it would then be NULL.
  fits: (data) => `LENGTH(${data}) <= @@max_allowed_packet`,
  // Older versions of mysql2 send every number as a DOUBLE, which MySQL 8.0.22 and later refuse here.
  isLimitText: true,
  holds: 'CAST(JSON_UNQUOTE(JSON_EXTRACT(data, :path)) AS BINARY) = :text',
  lacks: 'JSON_EXTRACT(data, :path) IS NULL',
  toParameter: (text) => Buffer.from(text),
  unlessTaken: '',

  // MySQL has no UPDATE that returns the replaced row.
  end: null,
  forUpdate: 'FOR UPDATE',

  // The next sweep gets rows that another connection has locked. A DELETE would wait for them and keep its own locks meanwhile.
  sweep: (table) =>
    `SELECT id FROM ${table} WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED`,
  // By the primary key only: any other way would meet locked rows.
  deleteDue: (table, ids) =>
    `DELETE t FROM ${table} AS t FORCE INDEX (PRIMARY) WHERE id IN (${ids}) AND expires_at <= :now`,
  check: (table) => `SELECT ${COLUMNS}, data FROM ${table} FORCE INDEX (PRIMARY) WHERE id = ''`,

  toFault,
}

/** Deadlock, and MariaDB's "changed since last read". */
const AGAIN = [1213, 1020]

/** No such table, no such column, no primary key, or an unknown column that needs a value. */
const TABLE = [1146, 1054, 1176, 1364]

/** The account lacks a privilege for the table or the database. */
const DENIED = [1142, 1044]

/** A duplicate key. Only a duplicate of the id means that the id is taken. */
const DUPLICATE = 1062
const OF_PRIMARY_KEY = /\bPRIMARY'$/

/** Errors whose messages quote no value: too many connections, access denied, read-only, lock timeout and similar. */
const QUIET = [1040, 1044, 1045, 1049, 1129, 1130, 1142, 1143, 1205, 1227, 1290, 1792, 1836, 3024]

/** Larger than `max_allowed_packet`, as sent or as stored; or than the column, the row, the undo log or a JSON value. */
const LARGE = [1153, 1301, 1406, 1118, 1713, 3150]

/** The table or the disk is full; the engine's "No space left on device" and "Disk quota exceeded". */
const FULL = [1114, 1021]
const ENGINE = 1030
const OF_ROOM = /\berror (28|122)\b/

function toFault(error: unknown): Fault {
  if (!(error instanceof Error)) return { kind: 'other', text: 'not an error' }
  const { errno, code, sqlState } = error as Error & { errno?: unknown; code?: unknown; sqlState?: unknown }
  const number = typeof errno === 'number' ? errno : 0
  // Without an SQL state the error is not the server's. The connection, the pool or the runtime made it, and may quote what it
  // was given.
  const said = sqlState === undefined ? toQuietCause(error).message : error.message
  const isQuiet = sqlState === undefined || [...AGAIN, ...TABLE, ...QUIET, ...LARGE, ...FULL, ENGINE].includes(number)
  const text = [code ?? '', number || '', isQuiet ? said : ''].filter((part) => part !== '').join(' ')
  if (AGAIN.includes(number)) return { kind: 'again', text }
  if (TABLE.includes(number)) return { kind: 'table', text }
  if (DENIED.includes(number)) return { kind: 'denied', text }
  if (LARGE.includes(number) || isTooLong(error)) return { kind: 'large', text }
  if (FULL.includes(number) || (number === ENGINE && OF_ROOM.test(error.message))) return { kind: 'full', text }
  const isTaken = number === DUPLICATE && OF_PRIMARY_KEY.test(error.message)
  return { kind: isTaken ? 'duplicate' : 'other', text }
}
