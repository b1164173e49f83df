import { createHash } from 'node:crypto'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord } from '../../core/contracts/record.ts'
import type { Change, Store as RecordStore } from '../../core/contracts/store.ts'
import { define, type Edits, parseTexts, type Texts, toStoredName, userTexts } from '../../core/data/texts.ts'
import { repeat } from '../../core/lib/runtime.ts'
import { nextTry } from '../../core/lib/turns.ts'
import { equalText, toId } from '../../core/token/token.ts'
import { editsBetween, knownOf, textsOf } from './known.ts'
import { sessionEnded } from './save.ts'
import { Store } from './store.ts'
import type { Callback, StoredSession } from './types.ts'

/** How long a session is kept whose cookie has no `maxAge`, as most stores of express-session do. */
const DEFAULT_MS = 24 * 60 * 60_000
/** A session that is only read is written this often. */
const TOUCH_MS = 60_000
/** An ended session stays marked at least this long, for requests that are still running. */
const GRACE_MS = 60_000
/** Between the moment that the cookie counts from and the moment that the store counts from. */
const CLOCK_STEP_MS = 1000
const SWEEP_BATCH = 500

type SavedSession = object & { readonly cookie?: { readonly expires?: unknown } }

/** When the store was last written, and until when it keeps the session, ms since the epoch. */
interface Times {
  readonly lastSeenAt: number
  readonly expiresAt: number
}

/**
 * A Sojourn store behind the interface of stores of express-session. The id in the cookie is the client's secret, so the store
 * gets only hashes of it. Each key is written separately, and no write restores a session that has ended.
 */
export class SojournStore extends Store {
  readonly merges = true
  readonly #store: RecordStore
  readonly #times = new WeakMap<object, Times>()

  constructor(store: RecordStore) {
    super()
    this.#store = store
    if (store.sweep !== undefined) repeat(TOUCH_MS, () => this.#sweep())
  }

  get(sid: string, callback: (error?: unknown, session?: StoredSession | null) => void): void {
    answer(this.#read(sid), callback)
  }

  set(sid: string, session: SavedSession, callback?: Callback): void {
    answer(this.#save(sid, session), callback)
  }

  destroy(sid: string, callback?: Callback): void {
    answer(this.#end(sid), callback)
  }

  touch(sid: string, session: SavedSession, callback?: Callback): void {
    const isDue = isTouchDue(this.#timesOf(session), session, Date.now())
    answer(isDue ? this.#change(sid, session, {}) : Promise.resolve(), callback)
  }

  async #read(sid: string): Promise<StoredSession | null> {
    const record = await this.#live(sid)
    if (record === null) return null
    const { values } = parseTexts(record.data)
    const session: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(userTexts(values as never))) define(session, key, value)
    this.#times.set(session, record)
    return session as StoredSession
  }

  async #live(sid: string): Promise<SessionRecord | null> {
    const kept = await this.#ask((store) => store.read(idOf(sid)))
    const isLive =
      kept?.kind === 'live' && Date.now() < kept.expiresAt && equalText(kept.head.secret, hash('secret', sid))
    return isLive ? kept : null
  }

  async #save(sid: string, session: SavedSession): Promise<void> {
    const { isStored, texts: before } = knownOf(session)
    const after = textsOf(session)
    if (isStored) return this.#change(sid, session, editsBetween(before, after))
    if (await this.#create(sid, session, after)) return
    // An application called `sessionStore.set` with values of its own. They replace what is stored.
    const record = await this.#live(sid)
    if (record === null) throw sessionEnded()
    const { cookie: _, ...stored } = userTexts(record.data)
    await this.#change(sid, session, editsBetween(stored, after))
  }

  #create(sid: string, session: SavedSession, texts: Texts): Promise<boolean> {
    const now = Date.now()
    const head = { secret: hash('secret', sid), secretAt: now }
    const times = { createdAt: now, lastSeenAt: now, expiresAt: expiryOf(session, now) }
    const { set = {} } = toChange(texts, session)
    const record: SessionRecord = { kind: 'live', id: idOf(sid), userId: null, version: 0, ...times, head, data: set }
    return this.#ask((store) => store.create(record))
  }

  async #change(sid: string, session: SavedSession, edits: Edits): Promise<void> {
    let record = await this.#unexpired(sid, session)
    for (let tries = 0; ; tries = nextTry(tries)) {
      const now = Date.now()
      const seen = { at: now, expiresAt: expiryOf(session, now) }
      const change = { ...toChange(edits, session), version: record?.version ?? 0, seen }
      const written = await this.#ask((store) => store.write(idOf(sid), change))
      if (written.status === 'gone') throw sessionEnded()
      if (written.status === 'written') {
        this.#times.set(session, { lastSeenAt: now, expiresAt: seen.expiresAt })
        return
      }
      record = written.record
    }
  }

  /** A store may keep an expired session for a while, and no write may extend it. Other requests may have moved its expiry. */
  async #unexpired(sid: string, session: SavedSession): Promise<SessionRecord | null> {
    const times = this.#timesOf(session)
    if (times !== undefined && Date.now() < times.expiresAt) return null
    const record = await this.#live(sid)
    if (record === null) throw sessionEnded()
    return record
  }

  #timesOf(session: object): Times | undefined {
    const { origin } = knownOf(session)
    return this.#times.get(session) ?? (origin === null ? undefined : this.#times.get(origin))
  }

  async #end(sid: string): Promise<void> {
    const record = await this.#ask((store) => store.read(idOf(sid)))
    if (record?.kind !== 'live') return
    const endedAt = Date.now()
    const expiresAt = Math.max(record.expiresAt, endedAt + GRACE_MS)
    await this.#ask((store) =>
      store.end(record.id, { kind: 'ended', id: record.id, reason: 'logout', endedAt, expiresAt }),
    )
  }

  /** An error of the driver becomes one of Sojourn's, so that the answer is 503. */
  async #ask<T>(call: (store: RecordStore) => T | Promise<T>): Promise<T> {
    try {
      return await call(this.#store)
    } catch (cause) {
      if (cause instanceof SessionError) throw cause
      throw new SessionError('ERR_STORE', `${this.#store.name} could not answer.`, cause)
    }
  }

  /** A failed sweep is tried again. */
  async #sweep(): Promise<boolean> {
    try {
      while ((await this.#store.sweep?.(Date.now(), SWEEP_BATCH)) === SWEEP_BATCH);
    } catch {}
    return true
  }
}

function isTouchDue(times: Times | undefined, session: SavedSession, now: number): boolean {
  if (times === undefined) return true
  const keptMs = times.expiresAt - times.lastSeenAt
  // The application has changed `maxAge`, for example for a user who wants to be remembered.
  if (Math.abs(expiryOf(session, now) - now - keptMs) > CLOCK_STEP_MS) return true
  return now - times.lastSeenAt >= Math.min(TOUCH_MS, keptMs / 2)
}

function toChange(edits: Edits, session: SavedSession): Pick<Change, 'set' | 'remove'> {
  const set: Record<string, string> = { cookie: JSON.stringify(session.cookie) ?? '{}' }
  const remove: string[] = []
  for (const [key, text] of Object.entries(edits)) {
    if (text === null) remove.push(toStoredName(key))
    else define(set, toStoredName(key), text)
  }
  return { set, remove }
}

function expiryOf({ cookie }: SavedSession, now: number): number {
  const at = cookie?.expires ? new Date(cookie.expires as Date).valueOf() : Number.NaN
  return Number.isNaN(at) ? now + DEFAULT_MS : at
}

function idOf(sid: string): SessionId {
  return toId(hash('id', sid))
}

function hash(use: 'id' | 'secret', sid: string): string {
  return createHash('sha256').update(`sojourn express-session ${use} v1 ${sid}`).digest('base64url')
}

function answer<T>(work: Promise<T>, callback: ((error?: unknown, value?: T) => void) | undefined): void {
  if (callback === undefined) return void work.catch(() => {})
  work.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  )
}
