import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Store } from '../core/contracts/store.ts'

export interface StoreFromOptions {
  /**
   * The name of the application, if others use the same Redis or database: letters, digits and underscores. Its keys then begin
   * with `name:`, and its table is `name_sessions`. Another name later logs everybody out. Default: `sojourn`, for the prefix `sojourn:` and the table `sojourn_sessions`.
   */
  readonly application?: string
}

/** Each imports its store, and therefore its driver, only when it is needed. */
const OPENERS: Readonly<Record<string, (url: string, application: string) => Promise<Store>>> = {
  memory: async () => (await import('./memory.ts')).memoryStore(),
  lmdb: async (url) => (await import('./lmdb.ts')).lmdbStore({ path: pathOf(url) }),
  sqlite: async (url, name) => (await import('./sqlite.ts')).sqliteStore({ path: pathOf(url), table: tableOf(name) }),
  redis: openRedis,
  rediss: openRedis,
  postgres: openPostgres,
  postgresql: openPostgres,
  mysql: openMysql,
  mariadb: openMysql,
  dynamodb: async (url) => (await import('./dynamodb.ts')).dynamodbStore(toDynamodb(url)),
}

async function openRedis(url: string, application: string): Promise<Store> {
  return (await import('./redis.ts')).redisStore({ url, prefix: `${application}:` })
}

async function openPostgres(url: string, application: string): Promise<Store> {
  return (await import('./postgres.ts')).postgresStore({ url, table: tableOf(application) })
}

async function openMysql(url: string, application: string): Promise<Store> {
  return (await import('./mysql.ts')).mysqlStore({ url, table: tableOf(application) })
}

function tableOf(application: string): string {
  return `${application}_sessions`
}

/** Leaves room for `_sessions` in the name of a table. */
const APPLICATION = /^[A-Za-z_][A-Za-z0-9_]{0,38}$/

/**
 * Returns the store that a URL names, for configuration by an environment variable:
 *
 *     memory:                              lmdb:./path          sqlite:./path
 *     redis://host:6379                    rediss://host:6379
 *     postgres://user:password@host/name   postgresql://...
 *     mysql://user:password@host/name      mariadb://...
 *     dynamodb://region/table              dynamodb://region/table?endpoint=http://localhost:8000
 *
 * Two applications on one Redis or database need an `application` each: with one prefix or table, a session of one is a session of
 * the other.
 *
 * Opens nothing yet: `store.setup()` or the first call does. Throws `ERR_OPTION` for any other text. The message never quotes the
 * text, because it may contain a password.
 */
export async function storeFrom(url: string, options: StoreFromOptions = {}): Promise<Store> {
  checkOptions(options, { application: 'string' }, 'storeFrom')
  if ('application' in options && options.application === undefined) {
    throw new SessionError('ERR_OPTION', 'storeFrom: application is not set: an environment variable may be missing.')
  }
  const { application = 'sojourn' } = options
  if (!APPLICATION.test(application)) {
    throw new SessionError(
      'ERR_OPTION',
      'storeFrom: application must be a name of at most 39 letters, digits and underscores that does not begin with a digit.',
    )
  }
  const scheme = /^[a-z]+(?=:)/.exec(url)?.[0] ?? ''
  const open = Object.hasOwn(OPENERS, scheme) ? OPENERS[scheme] : undefined
  if (open !== undefined) return open(url, application)
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
