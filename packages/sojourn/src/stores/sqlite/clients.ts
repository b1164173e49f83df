import { SessionError } from '../../core/contracts/errors.ts'
import type { Driver } from '../sql/driver.ts'
import { type D1Client, d1, type LibsqlClient, libsql } from './asynchronous.ts'
import { type SynchronousClient, synchronous } from './synchronous.ts'

export type SqliteClient = SynchronousClient | LibsqlClient | D1Client

/** Runs statements on a client of any of these kinds. `null` if it is none of them. */
export function toDriver(client: unknown): Omit<Driver, 'close'> | null {
  if (typeof client !== 'object' || client === null) return null
  const has = (...names: string[]): boolean =>
    names.every((name) => typeof (client as Record<string, unknown>)[name] === 'function')
  if (has('execute', 'batch')) return libsql(client as LibsqlClient)
  // A D1 session may read from a replica that is a moment behind, where a logout is not visible yet.
  if (has('getBookmark'))
    throw new SessionError('ERR_OPTION', 'sqliteStore: pass the D1 binding itself, not a session of it.')
  if (has('prepare', 'batch')) return d1(client as D1Client)
  return has('prepare', 'exec') ? synchronous(client as SynchronousClient) : null
}
