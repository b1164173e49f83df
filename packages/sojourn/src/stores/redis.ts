import { SessionError } from '../core/errors.ts'
import type { SessionId } from '../core/record.ts'
import type { Store, Written } from '../core/store.ts'
import { type Link, type RedisClient, toLink } from './redis/link.ts'
import { openUrl } from './redis/open-url.ts'
import { createRecords, type Records } from './redis/records.ts'
import { toStoreError } from './redis/store-error.ts'

export type { CallingClient, RedisClient, SendingClient, SendingCluster, SendingSentinel } from './redis/link.ts'

export interface RedisStoreOptions {
  /** `redis://` or `rediss://`: one server. Needs the package `redis`, `ioredis` or `iovalkey`. */
  readonly url?: string
  /** A connected client: node-redis, ioredis or iovalkey; one server, Sentinel or Cluster. `close` leaves it open. */
  readonly client?: RedisClient
  /** Begins every key. Default `sojourn:`. */
  readonly prefix?: string
}

/** Ids as core makes them. Others are nowhere in the store. */
const ID = /^[\w-]{1,64}$/

/**
 * Sessions in Redis or Valkey, 6.2 or later. Reading one is a `GET`; whatever changes one is a script in the server, so
 * that no client brings back what another ended. The server itself deletes what expired.
 *
 * A `client` is checked here, a `url` is connected to by `setup` or by the first call.
 */
export function redisStore(options: RedisStoreOptions): Store {
  const { prefix = 'sojourn:' } = options
  if (typeof prefix !== 'string') throw new SessionError('ERR_OPTION', 'redisStore: prefix must be a string.')
  const toOpened = (link: Link): Opened => ({ link, records: createRecords(link, prefix) })
  const { url, client } = checked(options)
  let opened: Promise<Opened> | null = client === undefined ? null : Promise.resolve(toOpened(toLink(client)))
  let isClosed = false

  function open(): Promise<Opened> {
    if (isClosed) throw new SessionError('ERR_CLOSED', 'redisStore.')
    if (opened !== null) return opened
    const opening = openUrl(url).then(toOpened)
    // The next call tries anew.
    opening.catch(() => {
      if (opened === opening) opened = null
    })
    opened = opening
    return opening
  }

  async function ask<T>(operation: string, work: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      return await work(await open())
    } catch (error) {
      throw toStoreError(operation, error)
    }
  }

  return {
    name: 'redis',
    setup: () => ask('setup', async ({ records }) => void (await records.read('' as SessionId))),
    read: (id) => ask('read', async ({ records }) => (ID.test(id) ? records.read(id) : null)),
    list: (userId) => ask('list', ({ records }) => records.list(userId)),
    write: (id, change) => ask('write', async ({ records }) => (ID.test(id) ? records.write(id, change) : GONE)),
    end: (id, tombstone) => ask('end', async ({ records }) => (ID.test(id) ? records.end(id, tombstone) : null)),

    create: (record) =>
      ask('create', ({ records }) => {
        if (!ID.test(record.id)) throw new SessionError('ERR_STORE', 'redis: not an id.')
        return records.create(record)
      }),

    async close() {
      isClosed = true
      const closing = opened
      opened = null
      await closing?.then(({ link }) => link.close()).catch(() => undefined)
    },
  }
}

interface Opened {
  readonly link: Link
  readonly records: Records
}

const GONE: Written = { status: 'gone', tombstone: null }

function checked({ url, client }: RedisStoreOptions): { readonly url: string; readonly client?: RedisClient } {
  if ((url === undefined) === (client === undefined)) {
    throw new SessionError('ERR_OPTION', 'redisStore: give a url or a client.')
  }
  if (client !== undefined) return { url: '', client }
  if (!/^rediss?:\/\//.test(String(url))) {
    throw new SessionError('ERR_OPTION', 'redisStore: url must begin with redis:// or rediss://.')
  }
  return { url: String(url) }
}
