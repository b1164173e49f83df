import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, Tombstone } from '../../core/contracts/record.ts'
import type { Store } from '../../core/contracts/store.ts'
import { isOwn } from '../../core/token/once.ts'
import { createNonce } from '../../core/token/secrets.ts'
import { type Box, createLargeBox } from './box.ts'
import { type Causes, createCauses } from './causes.ts'

/** A session that is about to end, or has ended. */
export interface Ending {
  readonly id: SessionId
  readonly userId: string
  readonly reason: string
  /** Ms since the epoch. */
  readonly at: number
  /** Of the change of a credential that ended it. */
  readonly cause?: string
  /** The ids of the events that are stored already, if telling it failed for one receiver. */
  readonly told?: readonly string[]
}

/** What a store of `outboxStore` keeps for the transmitter. */
export interface Outbox {
  readonly inner: Store
  readonly endings: Box
  readonly causes: Causes
  /** Called with each session that this process ended. The ending stays in the box until somebody removes it (`null`: it is not there). */
  listener: ((key: string | null, ending: Ending) => void) | null
}

const OUTBOXES = new WeakMap<Store, Outbox>()

/**
 * A store around yours that notes each session before it ends it, in your store. `sharedSignalsTransmitter` needs it: if the process
 * ends between the end of a session and the message about it, the next process finds the note and sends the message. One read and two
 * writes more for each session that ends, and none for anything else. Make it the outermost store.
 *
 * ```ts
 * const sessions = createSessions({ store: outboxStore(memoryStore()) })
 * ```
 *
 * @throws `ERR_OPTION` for a store that may lose writes.
 */
export function outboxStore(store: Store): Store {
  const lost = store.lacks?.['lost-update'] ?? store.lacks?.ended
  if (lost !== undefined) throw new SessionError('ERR_OPTION', `outboxStore needs another store: ${lost}`)
  const endings = createLargeBox(store, 'endings', Date.now)
  const causes = createCauses()
  const outbox: Outbox = { inner: store, endings, causes, listener: null }

  async function end(id: SessionId, tombstone: Tombstone): Promise<Awaited<ReturnType<Store['end']>>> {
    const ending = await endingOf(store, id, tombstone, causes)
    if (ending === null) return store.end(id, tombstone)
    const key = `${id} ${createNonce()}`
    // A session must not outlive a note that cannot be stored. If the store is down, it cannot end the session either.
    const isNoted = await endings.put(key, JSON.stringify(ending)).then(
      () => true,
      () => false,
    )
    const last = await store.end(id, tombstone)
    // Somebody else ended it, and has a note of their own. If this note stays, the message is sent twice.
    if (last === null) await (isNoted && endings.remove([key]))
    else outbox.listener?.(isNoted ? key : null, ending)
    return last
  }

  const { setup, sweep, scan, readNow, watch, observe, lacks, staleWhileDownMs } = store
  const wrapped: Store = {
    name: store.name,
    ...(lacks !== undefined && { lacks }),
    ...(staleWhileDownMs !== undefined && { staleWhileDownMs }),
    read: (id) => store.read(id),
    create: (record) => store.create(record),
    write: (id, change) => store.write(id, change),
    list: (userId) => store.list(userId),
    end,
    close: () => store.close(),
    ...(setup !== undefined && { setup: setup.bind(store) }),
    ...(sweep !== undefined && { sweep: sweep.bind(store) }),
    ...(scan !== undefined && { scan: scan.bind(store) }),
    ...(readNow !== undefined && { readNow: readNow.bind(store) }),
    ...(watch !== undefined && { watch: watch.bind(store) }),
    ...(observe !== undefined && { observe: observe.bind(store) }),
  }
  OUTBOXES.set(wrapped, outbox)
  return wrapped
}

async function endingOf(
  store: Store,
  id: SessionId,
  { reason, endedAt }: Tombstone,
  causes: Causes,
): Promise<Ending | null> {
  let kept: Awaited<ReturnType<Store['read']>>
  try {
    kept = await (store.readNow?.(id) ?? store.read(id))
  } catch {
    // It cannot be read, so nobody knows whose it is. It must be possible to end it.
    return null
  }
  if (kept?.kind !== 'live' || kept.userId === null || isOwn(id, kept.userId)) return null
  const cause = causes.ofEnd(kept.userId, reason)
  return { id, userId: kept.userId, reason, at: endedAt, ...(cause !== null && { cause }) }
}

export function outboxOf(store: Store): Outbox {
  const found = OUTBOXES.get(store)
  if (found !== undefined) return found
  throw new SessionError(
    'ERR_OPTION',
    'sharedSignalsTransmitter needs sessions whose store is outboxStore(...), so that a crash loses no event.',
  )
}
