import { assertSet, checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId } from '../core/contracts/record.ts'
import type { Store, Written } from '../core/contracts/store.ts'
import { isStorableId } from './kit/ids.ts'
import { type Observer, toObserver } from './kit/observer.ts'
import { type Link, type RedisClient, toLink } from './redis/link.ts'
import { openUrl } from './redis/open-url.ts'
import { createRecords, type Records, toStoreError } from './redis/records.ts'
import { watchedLink } from './redis/watched-link.ts'

export type { CallingClient, RedisClient, SendingClient, SendingCluster, SendingSentinel } from './redis/link.ts'

export interface RedisStoreOptions {
  /** `redis://` or `rediss://`: one server. Needs the package `redis`, `ioredis` or `iovalkey`. */
  readonly url?: string
  /** A connected client: node-redis, ioredis or iovalkey; one server, Sentinel or Cluster. `close` leaves it open. */
  readonly client?: RedisClient
  /** The prefix of every key, not empty. Default `sojourn:`. Another prefix later logs everybody out. */
  readonly prefix?: string
}

/**
 * Sessions in Redis or Valkey, 6.2 or later. A read is a `GET`. Every change is a script in the server, so that no client
 * restores a session that another ended. The server deletes expired records itself.
 *
 * A `client` is checked here. A `url` is opened by `setup` or by the first call.
 */
export function redisStore(options: RedisStoreOptions): Store {
  checkOptions(options, { url: 'any', client: 'any', prefix: 'any' }, 'redisStore')
  assertSet(options, ['prefix'], 'redisStore')
  const { prefix = 'sojourn:' } = options
  if (typeof prefix !== 'string' || prefix === '') {
    throw new SessionError('ERR_OPTION', 'redisStore: prefix must be a string that is not empty.')
  }
  const { url, client } = checked(options)
  const listeners = new Set<Observer>()
  let link: Link | null = client === undefined ? null : toLink(client)
  let records: Records | null = link === null ? null : toRecords(link)
  let opening: Promise<Records> | null = null
  let isClosed = false

  function toRecords(over: Link): Records {
    const tell = (): void => {
      for (const listener of listeners) listener({ name: 'redis', kind: 'failover' })
    }
    return createRecords(
      watchedLink(over, () => listeners.size > 0, tell),
      prefix,
    )
  }

  async function open(): Promise<Records> {
    const opened = await openUrl(url)
    if (isClosed) {
      await opened.close()
      throw new SessionError('ERR_CLOSED', 'redisStore.')
    }
    link = opened
    records = toRecords(opened)
    return records
  }

  function connected(): Promise<Records> {
    // If it fails, the next call tries again.
    opening ??= open().finally(() => {
      opening = null
    })
    return opening
  }

  function ask<T>(operation: string, work: (records: Records) => Promise<T>): Promise<T> {
    if (isClosed) return Promise.reject(new SessionError('ERR_CLOSED', 'redisStore.'))
    return (records === null ? connected().then(work) : work(records)).catch((error: unknown) => {
      throw toStoreError(operation, error)
    })
  }

  return {
    name: 'redis',
    setup: () => ask('setup', async ({ read }) => void (await read('' as SessionId))),
    read: (id) => ask('read', ({ read }) => (isStorableId(id) ? read(id) : NOTHING)),
    list: (userId) => ask('list', ({ list }) => list(userId)),
    scan: (cursor, limit) => ask('scan', ({ scan }) => scan(cursor, limit)),
    create: (record) => ask('create', ({ create }) => create(record)),
    write: (id, change) => ask('write', ({ write }) => (isStorableId(id) ? write(id, change) : GONE)),
    end: (id, tombstone) => ask('end', ({ end }) => (isStorableId(id) ? end(id, tombstone) : NOTHING)),

    observe(listener) {
      const own = toObserver(listener)
      listeners.add(own)
      return () => void listeners.delete(own)
    },

    async close() {
      isClosed = true
      await link?.close()
      await opening?.catch(() => undefined)
    },
  }
}

const NOTHING = Promise.resolve(null)
const GONE: Promise<Written> = Promise.resolve({ status: 'gone', tombstone: null })

function checked({ url, client }: RedisStoreOptions): { readonly url: string; readonly client?: RedisClient } {
  if ((url === undefined) === (client === undefined)) {
    throw new SessionError('ERR_OPTION', 'redisStore: pass url or client, and not both.')
  }
  if (client !== undefined) return { url: '', client }
  if (!/^rediss?:\/\//.test(String(url))) {
    throw new SessionError('ERR_OPTION', 'redisStore: url must begin with redis:// or rediss://.')
  }
  return { url: String(url) }
}
