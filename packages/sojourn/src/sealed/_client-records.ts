import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../core/contracts/record.ts'
import type { Change, MaybePromise, Store, Written } from '../core/contracts/store.ts'
import { applyChange } from '../core/data/change.ts'
import { chain } from '../core/lib/maybe.ts'
import type { Content, Opened } from './_layout.ts'

/** The store of one request, and what it would send to the client. */
export interface RequestStore extends Store {
  /** The session that a token opens, as its cookie would hold it. */
  contentOf(id: SessionId): Content | undefined
}

/** Throws `ERR_DATA_TOO_LARGE` if the cookie cannot hold it. */
export type Fits = (content: Content) => void

export const NAME = 'sealed-cookie'
const WRITTEN: Written = { status: 'written' }

/** The whole records, as one client presents them. A class, because every request makes one. */
export class ClientRecords implements RequestStore {
  readonly name: string = NAME
  readonly #opened: readonly Opened[]
  readonly #fits: Fits
  /** What this request changed. */
  #changed: Map<SessionId, SessionRecord | Tombstone> | null = null

  constructor(opened: readonly Opened[], fits: Fits) {
    this.#opened = opened
    this.#fits = fits
  }

  contentOf(id: SessionId): Content | undefined {
    const record = this.read(id)
    return record?.kind === 'live' ? { id, record, data: record.data } : undefined
  }

  read(id: SessionId): SessionRecord | Tombstone | null {
    const changed = this.#changed?.get(id)
    return changed ?? this.#opened.find((one) => one.id === id)?.record ?? null
  }

  create(record: SessionRecord): boolean {
    this.#fits({ id: record.id, record, data: record.data })
    this.#put(record)
    return true
  }

  write(id: SessionId, change: Change): Written {
    const kept = this.read(id)
    if (kept?.kind !== 'live') return { status: 'gone', tombstone: kept }
    const record = applyChange(kept, change)
    if (record === null) return { status: 'conflict', record: kept }
    if (change.set !== undefined) this.#fits({ id, record, data: record.data })
    this.#put(record)
    return WRITTEN
  }

  end(id: SessionId, tombstone: Tombstone): SessionRecord | null {
    const kept = this.read(id)
    if (kept?.kind !== 'live') return null
    this.#put(tombstone)
    return kept
  }

  list(): never {
    return unsupported()
  }

  close(): void {}

  #put(kept: SessionRecord | Tombstone): void {
    this.#changed ??= new Map()
    this.#changed.set(kept.id, kept)
  }
}

/** A resolved promise would say that the user's sessions ended. */
export function unsupported(): never {
  throw new SessionError(
    'ERR_UNSUPPORTED',
    "The clients hold the sessions, so no list has a user's, and nothing ends them from here. Set revocations of sealedSessions.",
  )
}

const NO_DATA: SessionRecord['data'] = {}

/** The data, as one client presents it, and all else in the application's store. */
export class ClientData implements RequestStore {
  readonly name: string = NAME
  readonly readNow?: NonNullable<Store['readNow']>
  readonly #shared: Store
  readonly #fits: Fits
  readonly #data: Map<SessionId, SessionRecord['data']>

  constructor(opened: readonly Opened[], shared: Store, fits: Fits) {
    this.#shared = shared
    this.#fits = fits
    // A cookie from before there was a store has a record, and its session is not in the store.
    this.#data = new Map(opened.map(({ id, data }) => [id, data]))
    const { readNow } = shared
    if (readNow === undefined) return
    const now = (id: SessionId): ReturnType<Store['read']> => chain(readNow(id), (kept) => this.#whole(kept))
    this.readNow = now
  }

  contentOf(id: SessionId): Content | undefined {
    const data = this.#data.get(id)
    return data === undefined ? undefined : { id, record: null, data }
  }

  read(id: SessionId): MaybePromise<SessionRecord | Tombstone | null> {
    return chain(this.#shared.read(id), (kept) => this.#whole(kept))
  }

  create(record: SessionRecord): MaybePromise<boolean> {
    const { id, data } = record
    this.#fits({ id, record: null, data })
    return chain(this.#shared.create({ ...record, data: NO_DATA }), (isCreated) => {
      if (isCreated) this.#data.set(id, data)
      return isCreated
    })
  }

  write(id: SessionId, { set, remove, expect, ...ofStore }: Change): MaybePromise<Written> {
    return chain(this.read(id), (kept) => {
      if (kept?.kind !== 'live') return { status: 'gone', tombstone: kept }
      const next = applyChange(kept, { set, remove, expect } as Change)
      if (next === null) return { status: 'conflict', record: kept }
      if (set !== undefined) this.#fits({ id, record: null, data: next.data })
      const isForStore = ofStore.head !== undefined || ofStore.seen !== undefined
      return chain(isForStore ? this.#shared.write(id, ofStore) : WRITTEN, (written): Written => {
        if (written.status === 'conflict') return { ...written, record: { ...written.record, data: kept.data } }
        if (written.status === 'written') this.#data.set(id, next.data)
        return written
      })
    })
  }

  end(id: SessionId, tombstone: Tombstone): ReturnType<Store['end']> {
    return chain(this.#shared.end(id, tombstone), (last) => (last?.kind === 'live' ? this.#whole(last) : last))
  }

  list(userId: string): ReturnType<Store['list']> {
    return this.#shared.list(userId)
  }

  close(): void {}

  #whole<Kept extends SessionRecord | Tombstone | null>(kept: Kept): Kept {
    const data = kept?.kind === 'live' ? this.#data.get(kept.id) : undefined
    return data === undefined ? kept : { ...kept, data }
  }
}
