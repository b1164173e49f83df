import { SessionError } from '../core/contracts/errors.ts'
import type { Store } from '../core/contracts/store.ts'

/** Each imports its store, and therefore its driver, only when it is needed. */
const OPENERS: Readonly<Record<string, (url: string) => Promise<Store>>> = {
  memory: async () => (await import('./memory.ts')).memoryStore(),
  lmdb: async (url) => (await import('./lmdb.ts')).lmdbStore({ path: pathOf(url) }),
  sqlite: async (url) => (await import('./sqlite.ts')).sqliteStore({ path: pathOf(url) }),
  redis: async (url) => (await import('./redis.ts')).redisStore({ url }),
  rediss: async (url) => (await import('./redis.ts')).redisStore({ url }),
  postgres: async (url) => (await import('./postgres.ts')).postgresStore({ url }),
  postgresql: async (url) => (await import('./postgres.ts')).postgresStore({ url }),
  mysql: async (url) => (await import('./mysql.ts')).mysqlStore({ url }),
  mariadb: async (url) => (await import('./mysql.ts')).mysqlStore({ url }),
  dynamodb: async (url) => (await import('./dynamodb.ts')).dynamodbStore(toDynamodb(url)),
}

/**
 * Returns the store that a URL names, for configuration by an environment variable:
 *
 *     memory:                              lmdb:./path          sqlite:./path
 *     redis://host:6379                    rediss://host:6379
 *     postgres://user:password@host/name   postgresql://...
 *     mysql://user:password@host/name      mariadb://...
 *     dynamodb://region/table              dynamodb://region/table?endpoint=http://localhost:8000
 *
 * Opens nothing yet: `store.setup()` or the first call does. Throws `ERR_OPTION` for any other text. The message never quotes the
 * text, because it may contain a password.
 */
export async function storeFrom(url: string): Promise<Store> {
  const scheme = /^[a-z]+(?=:)/.exec(url)?.[0] ?? ''
  const open = Object.hasOwn(OPENERS, scheme) ? OPENERS[scheme] : undefined
  if (open !== undefined) return open(url)
  throw new SessionError('ERR_OPTION', `storeFrom: the URL of a store begins with one of ${schemes()}.`)
}

function schemes(): string {
  return Object.keys(OPENERS)
    .map((scheme) => `${scheme}:`)
    .join(' ')
}

function pathOf(url: string): string {
  const path = url.replace(/^[a-z]+:(\/\/)?/, '')
  if (path === '') throw new SessionError('ERR_OPTION', 'storeFrom: a path must follow lmdb: and sqlite:.')
  return path
}

function toDynamodb(url: string): { region: string; table: string; endpoint?: string } {
  const found = /^dynamodb:\/\/([a-z0-9-]+)\/([\w.-]+)(?:\?endpoint=(https?:\/\/[^&]+))?$/.exec(url)
  const [, region, table, endpoint] = found ?? []
  if (region === undefined || table === undefined) {
    throw new SessionError('ERR_OPTION', 'storeFrom: a URL for DynamoDB has the form dynamodb://region/table.')
  }
  return { region, table, ...(endpoint !== undefined && { endpoint }) }
}
