import {
  createSessions,
  type MaybePromise,
  memoryStore,
  type SessionRecord,
  type Sessions,
  type SessionsOptions,
  type Store,
} from 'sojourn'
import { createVisitor, type Visitor } from './client.ts'
import type { AdapterContext, AdapterData, AdapterHandler } from './context.ts'

export type Operation = 'read' | 'create' | 'write' | 'end' | 'list'

/** A server, its sessions, and control over its store. */
export interface World {
  readonly origin: string
  readonly sessions: Sessions<AdapterData>
  visitor(): Visitor
  /** The record that the store holds under the session's id, read directly. */
  record(id: string): Promise<SessionRecord | null>
  /** From now on this runs before each call of the store. It may wait, or throw as if the database were gone. */
  intercept(before: (operation: Operation) => MaybePromise<void>): void
}

/** Runs `work` against a new server whose store is asynchronous, as databases are. Closes both in any case. */
export async function withWorld(
  ctx: AdapterContext,
  handle: AdapterHandler,
  work: (world: World) => Promise<void>,
  options: Pick<SessionsOptions<AdapterData>, 'carriers' | 'guards'> = {},
): Promise<void> {
  const inner = memoryStore()
  let before: (operation: Operation) => MaybePromise<void> = () => {}
  const sessions = createSessions<AdapterData>({
    ...options,
    store: lateStore(inner, (operation) => before(operation)),
  })
  const server = await ctx.serve(sessions, handle)
  try {
    await work({
      origin: server.origin,
      sessions,
      visitor: () => createVisitor(server.origin),
      async record(id) {
        const found = await inner.read(id as SessionRecord['id'])
        return found?.kind === 'live' ? found : null
      },
      intercept(next) {
        before = next
      },
    })
  } finally {
    before = () => {}
    await server.close()
    await sessions.close()
  }
}

function lateStore(inner: Store, before: (operation: Operation) => MaybePromise<void>): Store {
  function late<Args extends unknown[], T>(operation: Operation, call: (...args: Args) => MaybePromise<T>) {
    return async (...args: Args): Promise<T> => {
      await before(operation)
      return call(...args)
    }
  }
  return {
    name: 'late memory',
    read: late('read', (id) => inner.read(id)),
    create: late('create', (record) => inner.create(record)),
    write: late('write', (id, change) => inner.write(id, change)),
    end: late('end', (id, tombstone) => inner.end(id, tombstone)),
    list: late('list', (userId) => inner.list(userId)),
    close: () => inner.close(),
  }
}

/** Throws an error such as a driver throws. */
export function outage(): never {
  throw new Error('connect ECONNREFUSED')
}
