import { SessionError } from '../../core/contracts/errors.ts'
import type { Driver } from '../sql/driver.ts'
import { type MysqlCallbackPool, type MysqlPromisePool, toDriver, toPool } from './pool.ts'

interface Source {
  readonly url?: string
  readonly client?: MysqlPromisePool | MysqlCallbackPool
}

/** A driver that opens a URL, or that uses the application's pool and never closes it. `caller`: for the error message. */
export function driverOf({ url, client }: Source, caller: string): Driver {
  if (isUrl(url) && client === undefined) return connecting(url, caller)
  const pool = url === undefined ? toPool(client) : null
  if (pool !== null) return { ...toDriver(pool), close: () => undefined }
  throw new SessionError(
    'ERR_OPTION',
    `${caller}: pass a url that begins with mysql://, or a pool of mysql2 or mysql2/promise as client.`,
  )
}

/** A driver that opens a pool with the first statement. */
function connecting(url: string, caller: string): Driver {
  let opening: Promise<Driver> | undefined

  function opened(): Promise<Driver> {
    opening ??= open(url, caller)
    return opening
  }

  return {
    run: async (statement, values) => (await opened()).run(statement, values),
    batch: async (calls) => (await opened()).batch?.(calls) ?? [],
    // A pool that could not be opened needs no closing.
    close: async () => (await opening?.catch(() => undefined))?.close(),
  }
}

async function open(uri: string, caller: string): Promise<Driver> {
  const { createPool } = await importMysql2(caller)
  const pool = createPool({ uri, connectionLimit: 10, connectTimeout: 5000, enableKeepAlive: true })
  return { ...toDriver(pool), close: () => pool.end() }
}

/** Inside `try`: bundlers tolerate a missing package only there. */
async function importMysql2(caller: string): Promise<typeof import('mysql2/promise')> {
  try {
    return await import('mysql2/promise')
  } catch (error) {
    throw new SessionError('ERR_OPTION', `${caller}: a url needs the package mysql2. Run: npm install mysql2`, error)
  }
}

function isUrl(url: unknown): url is string {
  return typeof url === 'string' && /^(mysql|mariadb):\/\//.test(url)
}
