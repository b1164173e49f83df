import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { Guarantee, Store } from '../../core/contracts/store.ts'
import { toQuietCause } from '../kit/driver-errors.ts'
import { createGate } from '../kit/gate.ts'
import { keptRecords, toUserKey } from '../kit/kept.ts'
import { isListed, type Listed } from '../kit/records.ts'

/** The members of a Workers KV namespace that the store uses: a binding of the Worker. */
export interface KvNamespace {
  get(key: string): Promise<string | null>
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix: string; cursor?: string }): Promise<KvPage>
}

/** One page of a list. `cursor` leads to the next page. */
export interface KvPage {
  readonly keys: readonly { readonly name: string }[]
  readonly list_complete: boolean
  readonly cursor?: string
}

export interface KvStoreOptions {
  readonly namespace: KvNamespace
}

const LACKS: Readonly<Record<Guarantee, string>> = {
  ended:
    'Workers KV shows a change to other places after a minute or more, so an ended session stays open there until then.',
  'lost-update': 'Workers KV has no conditional write, so parallel changes overwrite each other.',
  'fresh-token': 'Another place may still hold the earlier record, accept a replaced token and refuse its successor.',
  list: 'A list of Workers KV misses sessions that began elsewhere a moment ago, so a revocation misses them too.',
}

/** `KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.` */
const TOO_LARGE = /\b413\b/

/**
 * Sessions in Workers KV, for data that may be seen late, such as a visitor's theme. KV is eventually consistent and cannot keep
 * the guarantees in `lacks`, so `createSessions` refuses this store unless each of them is accepted by name.
 */
export function kvStore(options: KvStoreOptions): Store {
  checkOptions(options, { namespace: 'any' }, 'kvStore')
  const { namespace } = options
  if (typeof namespace?.get !== 'function') {
    throw new SessionError('ERR_OPTION', 'kvStore: namespace must be a Workers KV binding, such as env.SESSIONS.')
  }
  const { ask, close } = createGate('workers-kv', (operation, error) => {
    const cause = toQuietCause(error)
    return TOO_LARGE.test(cause.message)
      ? new SessionError('ERR_DATA_TOO_LARGE', 'workers-kv: 25 MB.', cause)
      : new SessionError('ERR_STORE', `workers-kv: ${operation} failed.`, cause)
  })

  const records = keptRecords({
    name: 'workers-kv',
    read: (id) => namespace.get(`session:${id}`),
    write: (id, text, deleteAt) => namespace.put(`session:${id}`, text, { expirationTtl: secondsUntil(deleteAt) }),
    async enter(userId, id, until) {
      await namespace.put(`${await toPrefix(userId)}${id}`, '', { expirationTtl: secondsUntil(until) })
    },
    async leave(userId, id) {
      await namespace.delete(`${await toPrefix(userId)}${id}`)
    },
  })

  async function list(userId: string): Promise<Listed[]> {
    const prefix = await toPrefix(userId)
    const live: Listed[] = []
    let page: KvPage | undefined
    do {
      page = await namespace.list({ prefix, ...(page?.cursor !== undefined && { cursor: page.cursor }) })
      for (const { name } of page.keys) {
        const id = name.slice(prefix.length) as SessionId
        const value = await records.look(id)
        if (isListed(value, userId)) live.push(value)
      }
    } while (!page.list_complete)
    return live
  }

  return {
    name: 'workers-kv',
    lacks: LACKS,
    read: (id) => ask('read', () => records.read(id)),
    create: (record) => ask('create', () => records.create(record)),
    write: (id, change) => ask('write', () => records.write(id, change)),
    end: (id, tombstone) => ask('end', () => records.end(id, tombstone)),
    list: (userId) => ask('list', () => list(userId)),
    close: () => close(),
  }
}

async function toPrefix(userId: string): Promise<string> {
  return `user:${await toUserKey(userId)}:`
}

/** Workers KV refuses a time of less than a minute. */
function secondsUntil(time: number): number {
  return Math.max(60, Math.ceil((time - Date.now()) / 1000))
}
