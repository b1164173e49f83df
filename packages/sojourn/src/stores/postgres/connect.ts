import { SessionError } from '../../core/contracts/errors.ts'
import { nothingIfMissing } from '../kit/driver-errors.ts'
import type { Driver } from '../sql/driver.ts'
import { toDriver } from './clients.ts'

/** The number of connections in a pool of our own. */
const CONNECTIONS = 10
const CONNECT_MS = 5000
const RECONNECT_MS = 200

/** A driver that connects with the first statement, with `pg` if it is installed, otherwise with `postgres`. */
export function connecting(url: string, isPreparing: boolean): Driver {
  let opening: Promise<Driver> | undefined

  function opened(): Promise<Driver> {
    opening ??= open(url, isPreparing)
    return opening
  }

  return {
    run: async (statement, values) => (await opened()).run(statement, values),
    // A pool that could not be opened needs no closing.
    close: async () => (await opening?.catch(() => undefined))?.close(),
  }
}

async function open(url: string, isPreparing: boolean): Promise<Driver> {
  return (await openPg(url, isPreparing)) ?? (await openPostgresJs(url, isPreparing)) ?? refuse()
}

async function openPg(url: string, isPreparing: boolean): Promise<Driver | null> {
  const module = await importPg()
  if (module === null) return null
  const pool = new module.default.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  })
  // An error without a listener would end the process if an idle connection breaks. The pool opens another one.
  pool.on('error', () => undefined)
  return { ...refuseNone(toDriver(pool, isPreparing)), close: () => pool.end() }
}

export async function openPostgresJs(url: string, isPreparing: boolean): Promise<Driver | null> {
  const postgres = await importPostgresJs()
  if (postgres === null) return null
  const sql = postgres(url, {
    max: CONNECTIONS,
    connect_timeout: CONNECT_MS / 1000,
    // By default it waits longer after each failure, up to 20 seconds. Nobody could log in during that time.
    backoff: () => RECONNECT_MS / 1000,
    onnotice: () => undefined,
  })
  return { ...refuseNone(toDriver(sql, isPreparing)), close: () => sql.end({ timeout: 5 }) }
}

async function importPg(): Promise<typeof import('pg') | null> {
  try {
    return await import('pg')
  } catch (error) {
    return nothingIfMissing(error)
  }
}

async function importPostgresJs(): Promise<typeof import('postgres') | null> {
  try {
    return (await import('postgres')).default
  } catch (error) {
    return nothingIfMissing(error)
  }
}

function refuse(): never {
  throw new SessionError('ERR_OPTION', 'postgresStore: a url needs the package pg, or postgres. Run: npm install pg')
}

function refuseNone<T>(driver: T | null): T {
  return driver ?? refuse()
}
