import { SessionError } from '../../core/contracts/errors.ts'
import type { Call, Driver, Result, Row, Statement, Value } from '../sql/driver.ts'

interface Executing {
  execute(
    options: { readonly sql: string; readonly rowsAsArray: true },
    values: never[],
  ): Promise<[unknown, ...unknown[]]>
}

interface MysqlConnection extends Executing {
  query(sql: string): Promise<unknown>
  release(): void
  destroy(): void
}

/** A pool of `mysql2/promise`. */
export interface MysqlPromisePool extends Executing {
  getConnection(): Promise<MysqlConnection>
}

/** A pool of `mysql2`, with callbacks. */
export interface MysqlCallbackPool {
  promise(): MysqlPromisePool
}

/**
 * Converts either kind of pool. `null` if it is not a pool. A single connection is not enough, because a transaction needs one of
 * its own.
 */
export function toPool(client: unknown): MysqlPromisePool | null {
  if (typeof client !== 'object' || client === null) return null
  if ('promise' in client && typeof client.promise === 'function') return toPool(client.promise())
  return 'getConnection' in client && 'execute' in client ? (client as MysqlPromisePool) : null
}

export function toDriver(pool: MysqlPromisePool): Omit<Driver, 'close'> {
  const assertFits = createGauge(pool)
  return {
    async run(statement, values) {
      await assertFits(values)
      return execute(pool, { statement, values })
    },

    async batch(calls) {
      const connection = await pool.getConnection()
      try {
        await connection.query('START TRANSACTION')
        const results: Result[] = []
        for (const call of calls) results.push(await execute(connection, call))
        await connection.query('COMMIT')
        connection.release()
        return results
      } catch (error) {
        // Whatever state the connection is in, the server rolls back when it closes.
        connection.destroy()
        throw error
      }
    },
  }
}

async function execute(on: Executing, { statement, values }: Call): Promise<Result> {
  const [answer] = await on.execute({ sql: statement.text, rowsAsArray: true }, values as never[])
  if (Array.isArray(answer)) return { rows: answer as Row[], affected: 0 }
  const { affectedRows, info, serverStatus } = answer as Header
  if ((serverStatus & AUTOCOMMIT) === 0) {
    throw new SessionError(
      'ERR_OPTION',
      'mysqlStore: autocommit is off, so nothing would be stored. Turn it on for this pool.',
    )
  }
  // A pool can be configured to count changed rows only. The number of matched rows is then in this text.
  const matched = /^Rows matched: (\d+)/.exec(info)?.[1]
  return { rows: [], affected: matched === undefined ? affectedRows : Number(matched) }
}

/** Values below this size fit into a packet of any server. */
const SMALL_BYTES = 65_536

/** The size of a packet apart from its values. */
const AROUND_BYTES = 1024

/**
 * Refuses values that exceed the server's packet limit. The server would close the connection because of one, and the next user
 * of that connection would fail too.
 */
function createGauge(pool: MysqlPromisePool): (values: readonly Value[]) => Promise<void> | undefined {
  let limit = 0

  async function measure(bytes: number): Promise<void> {
    // Reads the limit again before a refusal, because an operator may have raised it.
    if (bytes > limit) limit = Number((await execute(pool, { statement: PACKET, values: [] })).rows[0]?.[0])
    if (bytes <= limit) return
    throw new SessionError(
      'ERR_DATA_TOO_LARGE',
      'mysql: the packet exceeds max_allowed_packet of the server. Raise it, or store less in the session.',
    )
  }

  return (values) => {
    const bytes = values.reduce((sum: number, value) => sum + lengthOf(value), AROUND_BYTES)
    return bytes < SMALL_BYTES ? undefined : measure(bytes)
  }
}

function lengthOf(value: Value): number {
  return typeof value === 'number' || value === null ? 8 : value.length
}

const PACKET: Statement = { name: 'sojourn_packet', text: 'SELECT @@max_allowed_packet' }

interface Header {
  readonly affectedRows: number
  readonly info: string
  readonly serverStatus: number
}

/** SERVER_STATUS_AUTOCOMMIT. */
const AUTOCOMMIT = 2
