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

/** A pool either way. `null`: it is none; a single connection is not enough, for a transaction needs one of its own. */
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
        // Whatever state it is in, the server rolls back when the connection goes.
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
    throw new SessionError('ERR_OPTION', 'mysqlStore: with autocommit off nothing would be stored.')
  }
  // A pool can be told to count changed rows only: what was found stands in the text then.
  const matched = /^Rows matched: (\d+)/.exec(info)?.[1]
  return { rows: [], affected: matched === undefined ? affectedRows : Number(matched) }
}

/** Values below this fit into a packet of any server. */
const SMALL_BYTES = 65_536

/** What a packet has beside its values. */
const AROUND_BYTES = 1024

/**
 * Refuses values beyond the server's limit on a packet. The server would close the connection over one, and whoever gets that
 * connection from the pool next would fail too.
 */
function createGauge(pool: MysqlPromisePool): (values: readonly Value[]) => Promise<void> | undefined {
  let limit = 0

  async function measure(bytes: number): Promise<void> {
    // Asked again before anything is refused: an operator may have raised it.
    if (bytes > limit) limit = Number((await execute(pool, { statement: PACKET, values: [] })).rows[0]?.[0])
    if (bytes <= limit) return
    throw new SessionError('ERR_DATA_TOO_LARGE', 'mysql: the server takes no packet beyond max_allowed_packet.')
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
