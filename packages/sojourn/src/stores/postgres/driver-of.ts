import { SessionError } from '../../core/contracts/errors.ts'
import type { Driver } from '../sql/driver.ts'
import { type PostgresClient, toDriver } from './clients.ts'
import { connecting } from './connect.ts'

interface Source {
  readonly url?: string
  readonly client?: PostgresClient
  readonly prepare?: boolean
}

/** A driver that opens a URL, or that uses the application's client and never closes it. `caller`: for the error message. */
export function driverOf({ url, client, prepare = true }: Source, caller: string): Driver {
  if (isUrl(url) && client === undefined) return connecting(url, prepare)
  const driver = url === undefined ? toDriver(client, prepare) : null
  if (driver !== null) return { ...driver, close: () => undefined }
  throw new SessionError(
    'ERR_OPTION',
    `${caller}: pass a url that begins with postgres://, or as client a Pool or Client of pg, the sql of postgres, or a PGlite.`,
  )
}

function isUrl(url: unknown): url is string {
  return typeof url === 'string' && /^postgres(ql)?:\/\//.test(url)
}
