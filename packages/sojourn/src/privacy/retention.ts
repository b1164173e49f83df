/**
 * Limits how long a store keeps the details of clients.
 * @module sojourn/retention
 */
import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionRecord } from '../core/contracts/record.ts'
import type { Store } from '../core/contracts/store.ts'
import { chain } from '../core/lib/maybe.ts'
import { sleep } from '../core/lib/runtime.ts'
import { once } from '../core/token/once.ts'
import { createAddressHash } from './_address-hash.ts'
import { type Ages, withoutOldDetails } from './_details.ts'
import { toDueChange } from './_due.ts'

/** How long something is kept. `'now'`: it is not stored in the first place. */
export type KeptFor = Duration | 'now'

export interface RetentionOptions {
  /** After this time the address of a session's device is shortened to its network: /24 of IPv4, /48 of IPv6. Default: never. */
  readonly shortenAddress?: KeptFor
  /**
   * After this time it is replaced by a keyed hash, such as `#Zx3_k0pQ2aVw`. The key is random, in the memory of this process only,
   * and replaced each day: until then equal addresses have equal hashes, and afterwards nobody can link or reverse them. Default:
   * never.
   */
  readonly hashAddress?: KeptFor
  /** After this time it is removed. Default: never. */
  readonly dropAddress?: KeptFor
  /** After this time the device's name (`Firefox on Linux`) is removed. Default: never. */
  readonly dropName?: KeptFor
  /**
   * Networks and places in the note of the guard `anomaly` are removed when the session was last seen there longer ago than this.
   * Default: never. Sealed notes cannot be read, and stay until the session ends.
   */
  readonly dropPlaces?: Duration
  /** How often all records are searched for details that are due. One process does it for all. Default `'1h'`. */
  readonly every?: Duration
  /** Returns milliseconds since the epoch, for tests. Default `Date.now`. */
  readonly clock?: () => number
}

const PAGE = 500
const MOST_TRIES = 3
/** So many records in a row that cannot be written mean that the store is down. */
const MOST_FAILURES = 10

/**
 * A store in front of another that shortens, hashes or removes what records say of clients, each after its time since the login. What
 * is due is never returned. It leaves the store with the next write of its record, and from records that nobody uses within
 * `every`, by `sweep`, which `createSessions` calls once a minute. Put it around all other wrappers.
 *
 * ```ts
 * const store = retention(memoryStore(), { shortenAddress: '1d', dropAddress: '30d', dropName: '30d', dropPlaces: '30d' })
 * const sessions = createSessions({ store, describeDevice: describeDevice({ ip: 'full' }) })
 * ```
 *
 * @throws `ERR_OPTION` for a wrong option. `ERR_UNSUPPORTED` if the store cannot enumerate its records.
 */
export function retention(store: Store, options: RetentionOptions): Store {
  const { ages, placesMs, everyMs, clock } = toSettings(options)
  const { name, lacks, staleWhileDownMs, sweep, scan, readNow, watch, setup, observe } = store
  if (scan === undefined) {
    throw new SessionError('ERR_UNSUPPORTED', `${name} cannot enumerate its records, so old details would stay in it.`)
  }
  const pages = scan.bind(store)
  const hash = createAddressHash(clock)
  /** The period that this process need not look at any more, and the one that it searches. */
  let period = 0
  let mine = 0

  function shown<T extends { readonly kind: string } | null>(value: T): T {
    return isRecord(value) ? shownRecord(value) : value
  }

  function shownRecord<T extends SessionRecord>(record: T): T {
    const head = withoutOldDetails(record.head, clock() - record.createdAt, ages, hash)
    return head === record.head ? record : { ...record, head }
  }

  /** Whether this process searches in this period. If the store cannot decide it, each process does. */
  async function isMine(now: number): Promise<boolean> {
    const current = Math.floor(now / everyMs) + 1
    if (current === period) return false
    period = current
    if (current === mine || lacks?.['lost-update'] !== undefined) return true
    const isFirst = await again(() => once(store, `retention ${current}`, current * everyMs, clock))
    if (isFirst) mine = current
    return isFirst
  }

  /** If the store cannot answer, the next call of `sweep` tries again. */
  async function again<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      period = 0
      throw error
    }
  }

  /** A record that cannot be written must not keep the others from being searched. Returns the first failure. */
  async function search(now: number): Promise<readonly unknown[]> {
    const failures: unknown[] = []
    let inARow = 0
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await pages(cursor ?? null, PAGE)
      for (const value of page.values.filter(isRecord)) {
        try {
          await withdraw(value, now)
          inARow = 0
        } catch (error) {
          failures.push(error)
          inARow++
          if (inARow >= MOST_FAILURES) throw error
        }
      }
      cursor = page.next
      await sleep(0)
    }
    return failures.slice(0, 1)
  }

  async function withdraw(found: SessionRecord, now: number): Promise<void> {
    let record = found
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const change = toDueChange(record, shownRecord(record).head, now - placesMs)
      if (change === null) return
      const written = await store.write(record.id, change)
      if (written.status !== 'conflict') return
      record = written.record
    }
  }

  return {
    name,
    ...(lacks !== undefined && { lacks }),
    ...(staleWhileDownMs !== undefined && { staleWhileDownMs }),
    read: (id) => chain(store.read(id), shown),
    ...(readNow !== undefined && { readNow: (id) => chain(readNow.call(store, id), shown) }),
    create: (record) => store.create(shownRecord(record)),
    write(id, change) {
      const { head } = change
      // A request that stored the session a moment ago still has what must not be stored at all.
      const kept = head === undefined ? change : { ...change, head: withoutOldDetails(head, 0, ages, hash) }
      return chain(store.write(id, kept), (written) =>
        written.status === 'conflict' ? { ...written, record: shownRecord(written.record) } : written,
      )
    },
    end: (id, tombstone) => store.end(id, tombstone),
    list: (userId) => chain(store.list(userId), (records) => records.map(shown)),
    scan: (cursor, limit) => chain(pages(cursor, limit), (page) => ({ ...page, values: page.values.map(shown) })),
    async sweep(now, limit) {
      const failures = (await isMine(now)) ? await again(() => search(now)) : []
      const deleted = (await sweep?.call(store, now, limit)) ?? 0
      for (const failure of failures) throw failure
      return deleted
    },
    ...(watch !== undefined && { watch: watch.bind(store) }),
    ...(setup !== undefined && { setup: setup.bind(store) }),
    ...(observe !== undefined && { observe: observe.bind(store) }),
    close: () => store.close(),
  }
}

function isRecord(value: { readonly kind: string } | null): value is SessionRecord {
  return value?.kind === 'live'
}

const KINDS: OptionKinds<RetentionOptions> = {
  shortenAddress: 'any',
  hashAddress: 'any',
  dropAddress: 'any',
  dropName: 'any',
  dropPlaces: 'any',
  every: 'any',
  clock: 'function',
}

interface Settings {
  readonly ages: Ages
  readonly placesMs: number
  readonly everyMs: number
  readonly clock: () => number
}

function toSettings(options: RetentionOptions): Settings {
  checkOptions(options, KINDS, 'retention')
  const { dropPlaces, every = '1h', clock = Date.now } = options
  const age = (name: keyof Ages): number => {
    const value = options[name]
    if (value === undefined) return Number.POSITIVE_INFINITY
    return value === 'now' ? 0 : toMs(value, `retention: ${name}`)
  }
  const ages: Ages = {
    shortenAddress: age('shortenAddress'),
    hashAddress: age('hashAddress'),
    dropAddress: age('dropAddress'),
    dropName: age('dropName'),
  }
  const placesMs = dropPlaces === undefined ? Number.POSITIVE_INFINITY : toMs(dropPlaces, 'retention: dropPlaces')
  if ([...Object.values(ages), placesMs].every((ms) => ms === Number.POSITIVE_INFINITY)) {
    throw new SessionError('ERR_OPTION', 'retention: say what is kept for how long, such as dropAddress: "30d".')
  }
  return { ages, placesMs, everyMs: toMs(every, 'retention: every'), clock }
}
