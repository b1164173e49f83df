import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord } from '../../core/contracts/record.ts'
import type { Store } from '../../core/contracts/store.ts'
import { toQuietCause } from '../kit/driver-errors.ts'
import { assertStorable, isStorableId } from '../kit/ids.ts'
import { entryUntil, lifeOf, toUserKey } from '../kit/kept.ts'
import type { ObjectCalls } from './sojourn-object.ts'

/** The members of a Durable Object namespace that the store uses: a binding of the Worker, or its `jurisdiction('eu')`. */
export interface ObjectNamespace<Id = unknown> {
  idFromName(name: string): Id
  get(id: Id): ObjectStub
}

export interface ObjectStub {
  fetch(url: string, init: { method: string; body: string }): Promise<Response>
}

export interface DurableObjectStoreOptions<Id = unknown> {
  /** The binding of `SojournObject`. */
  readonly namespace: ObjectNamespace<Id>
}

/** Sessions that a list reads at once, so that a user with many sessions does not use up the subrequests of one request. */
const BATCH = 100

/** Repeating these calls changes nothing. */
const IDEMPOTENT: readonly string[] = ['read', 'ids', 'enter', 'leave']

/** Every deployment restarts the objects, and calls in progress fail. If the platform is overloaded, a call is not repeated. */
function isRepeatable(name: string, error: unknown): boolean {
  const { retryable, overloaded } = (error ?? {}) as { readonly retryable?: unknown; readonly overloaded?: unknown }
  return retryable === true && overloaded !== true && IDEMPOTENT.includes(name)
}

type Call = <Name extends keyof ObjectCalls>(
  object: string,
  name: Name,
  ...given: Parameters<ObjectCalls[Name]>
) => Promise<Awaited<ReturnType<ObjectCalls[Name]>>>

/**
 * Sessions in Durable Objects: one object for each session, near the client that began it, and one for each user, for the list.
 * It keeps every guarantee because an object runs in one place and handles one call at a time.
 */
export function durableObjectStore<Id>(options: DurableObjectStoreOptions<Id>): Store {
  checkOptions(options, { namespace: 'any' }, 'durableObjectStore')
  const { namespace } = options
  if (typeof namespace?.idFromName !== 'function') {
    throw new SessionError(
      'ERR_OPTION',
      'durableObjectStore: namespace must be a Durable Object binding, such as env.SESSIONS.',
    )
  }
  let isClosed = false

  function assertOpen(): void {
    if (isClosed) throw new SessionError('ERR_CLOSED', 'durableObjectStore.')
  }

  /** A new stub for each call, because a stub that has seen a failure stays broken. */
  async function ask(object: string, name: string, body: string): Promise<Response> {
    const stub = namespace.get(namespace.idFromName(object))
    return stub.fetch(`https://sojourn/${name}`, { method: 'POST', body })
  }

  const call: Call = async (object, name, ...given) => {
    assertOpen()
    const body = JSON.stringify(given[0] ?? null)
    try {
      const response = await ask(object, name, body).catch((error: unknown) => {
        if (!isRepeatable(name, error)) throw error
        return ask(object, name, body)
      })
      if (response.ok) return await response.json()
      if (response.status === 413)
        throw new SessionError(
          'ERR_DATA_TOO_LARGE',
          'durable-object: a session is stored as one value, of at most 2 MB.',
        )
    } catch (error) {
      if (error instanceof SessionError) throw error
      throw new SessionError('ERR_STORE', `durable-object: ${name} failed.`, toQuietCause(error))
    }
    throw new SessionError(
      'ERR_STORE',
      `durable-object: the object refused ${name}. Check that the binding belongs to the class SojournObject.`,
    )
  }

  const session = (id: SessionId): string => `session:${id}`
  const user = async (userId: string): Promise<string> => `user:${await toUserKey(userId)}`

  /** An entry that stays costs the next list one read, so a failure here is ignored. */
  async function leave(userId: string, ids: readonly SessionId[]): Promise<void> {
    if (ids.length > 0) await call(await user(userId), 'leave', { ids }).catch(() => null)
  }

  async function list(userId: string): Promise<SessionRecord[]> {
    const ids = await call(await user(userId), 'ids')
    const live: SessionRecord[] = []
    const gone: SessionId[] = []
    for (let at = 0; at < ids.length; at += BATCH) {
      const batch = ids.slice(at, at + BATCH)
      const found = await Promise.all(batch.map((id) => call(session(id), 'read')))
      for (const value of found) {
        if (value?.kind === 'live' && value.userId === userId) live.push(value)
        // Only sessions that are known to have ended: a missing session may be about to be created.
        else if (value?.kind === 'ended') gone.push(value.id)
      }
    }
    await leave(userId, gone)
    return live
  }

  return {
    name: 'durable-object',

    async read(id) {
      assertOpen()
      return isStorableId(id) ? call(session(id), 'read') : null
    },

    async create(record) {
      assertStorable('durable-object', record)
      const { id, userId } = record
      const until = entryUntil(Date.now() + lifeOf(record))
      // The entry first: a list may name a session that does not exist yet, but must not miss one that does.
      if (userId !== null) await call(await user(userId), 'enter', { id, until })
      return call(session(id), 'create', { record, until })
    },

    async write(id, change) {
      assertOpen()
      if (!isStorableId(id)) return { status: 'gone', tombstone: null }
      const first = await call(session(id), 'write', { change })
      if (first.status !== 'entry') return first
      const { userId, until } = first
      await call(await user(userId), 'enter', { id, until })
      const written = await call(session(id), 'write', { change, until })
      if (written.status !== 'entry') return written
      throw new SessionError('ERR_STORE', 'durable-object: other writers kept moving the expiry of this session.')
    },

    async end(id, tombstone) {
      assertOpen()
      if (!isStorableId(id)) return null
      const record = await call(session(id), 'end', { tombstone })
      if (record !== null && record.userId !== null) await leave(record.userId, [id])
      return record
    },

    list,

    close() {
      isClosed = true
    },
  }
}
