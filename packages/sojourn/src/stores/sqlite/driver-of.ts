import { SessionError } from '../../core/contracts/errors.ts'
import type { Call, Driver } from '../sql/driver.ts'
import { type D1Client, d1, type LibsqlClient, libsql } from './asynchronous.ts'
import { opening } from './open.ts'
import { type SynchronousClient, synchronous } from './synchronous.ts'

export type SqliteClient = SynchronousClient | LibsqlClient | D1Client

interface Source {
  readonly path?: string
  readonly client?: SqliteClient
}

/**
 * A driver that opens a file and runs `setup` on it, or that uses the application's client and never closes it. `caller`: for the
 * error message.
 */
export function driverOf({ path, client }: Source, setup: readonly Call[], caller: string): Driver {
  if (typeof path === 'string' && path !== '' && client === undefined) return opening(path, setup)
  const driver = path === undefined ? toDriver(client) : null
  if (driver !== null) return { ...driver, close: () => undefined }
  throw new SessionError(
    'ERR_OPTION',
    `${caller}: pass path, or as client a database of node:sqlite, better-sqlite3, bun:sqlite or libsql, or a D1 binding.`,
  )
}

/** Runs statements on a client of any of these kinds. `null` if it is none of them. */
function toDriver(client: unknown): Omit<Driver, 'close'> | null {
  if (typeof client !== 'object' || client === null) return null
  const has = (...names: string[]): boolean =>
    names.every((name) => typeof (client as Record<string, unknown>)[name] === 'function')
  if (has('execute', 'batch')) return libsql(client as LibsqlClient)
  // A D1 session may read from a replica that is a moment behind, where a logout is not visible yet.
  if (has('getBookmark')) throw new SessionError('ERR_OPTION', 'pass the D1 binding itself, not a session of it.')
  if (has('prepare', 'batch')) return d1(client as D1Client)
  return has('prepare', 'exec') ? synchronous(client as SynchronousClient) : null
}
