import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { MaybePromise, Store } from '../../core/contracts/store.ts'
import { nextTry } from '../../core/lib/turns.ts'
import { toOnceId, toOwnRecord } from '../../core/token/once.ts'
import { isSessionId } from '../../core/token/token.ts'

/** Whose login it was at the provider. Times are in seconds, by the provider's clock. */
export interface ProviderLogin {
  readonly issuer: string
  readonly subject: string
  readonly sid: string | null
  readonly issuedAt: number
}

/** What a logout token names. At least one of `subject` and `sid` is not `null`. */
export interface ProviderLogout {
  readonly issuer: string
  readonly subject: string | null
  readonly sid: string | null
  readonly issuedAt: number
}

/** What is kept of a login, under the id of its session. Texts of the provider are hashed. */
interface Entry {
  readonly subject: string
  readonly sid: string | null
  readonly issuedAt: number
  /** When it is forgotten, ms since the epoch. */
  readonly until: number
}

/** What is kept of a logout, so that a login that runs at the same time notices it. */
interface Mark {
  readonly issuedAt: number
  readonly until: number
}

/** A login that began before the logout is over after this time. */
const MARK_MS = 3_600_000
/** From this number of entries on, and again after as many, those of ended sessions are removed. */
const MANY = 64

/**
 * Remembers which session belongs to which login at a provider, in records of its own that no token opens. One record for each user
 * of a provider, with all of their sessions, and one for each `sid`, for logout tokens that name no user.
 *
 * A login first stores its entry and then looks for the mark of a logout. A logout first stores its mark and then looks for entries.
 * So at least one of two that run at the same time sees the other.
 */
export function createProviderLogins(store: Store, clock: () => number) {
  return {
    /** Resolves with `false` if the user has logged out at the provider since this login began there. */
    async add(login: ProviderLogin, session: SessionId, until: number): Promise<boolean> {
      const { issuer, subject, sid, issuedAt } = login
      const entry: Entry = { subject: hash(subject), sid: sid === null ? null : hash(sid), issuedAt, until }
      const records = [await put(store, clock(), subjectId(issuer, subject), session, entry)]
      if (sid !== null) records.push(await put(store, clock(), sidId(issuer, sid), session, entry))
      return !records.some((record) => marksIn(record, entry.sid).some((mark) => mark.issuedAt >= issuedAt))
    },

    /** Returns the sessions that the logout ends. */
    async find(logout: ProviderLogout): Promise<readonly SessionId[]> {
      const { issuer, subject, sid, issuedAt } = logout
      const id = subject === null ? sidId(issuer, sid ?? '') : subjectId(issuer, subject)
      const sidHash = sid === null ? null : hash(sid)
      const mark: Mark = { issuedAt, until: clock() + MARK_MS }
      const record = await put(store, clock(), id, toMarkName(sidHash), mark)
      return entriesIn(record).flatMap(([session, entry]) => {
        // The provider gives a new login another sid. Only without one, a later login has to be told apart by its time.
        const isMeant = sidHash === null ? entry.issuedAt <= issuedAt : entry.sid === sidHash
        return isMeant ? [session] : []
      })
    },
  }
}

function subjectId(issuer: string, subject: string): SessionId {
  return toOnceId(`provider subject ${JSON.stringify([issuer, subject])}`)
}

function sidId(issuer: string, sid: string): SessionId {
  return toOnceId(`provider sid ${JSON.stringify([issuer, sid])}`)
}

function hash(text: string): string {
  return toOnceId(`provider text ${text}`)
}

/** No session id has this form. */
function toMarkName(sidHash: string | null): string {
  return sidHash === null ? 'out' : `out ${sidHash}`
}

function marksIn({ data }: SessionRecord, sidHash: string | null): Mark[] {
  const names = sidHash === null ? [toMarkName(null)] : [toMarkName(null), toMarkName(sidHash)]
  return names.flatMap((name) => (data[name] === undefined ? [] : [JSON.parse(data[name]) as Mark]))
}

function entriesIn({ data }: SessionRecord): [SessionId, Entry][] {
  return Object.entries(data).flatMap(([name, text]) => (isSessionId(name) ? [[name, JSON.parse(text) as Entry]] : []))
}

/** Adds a text to a record, or begins one. Returns the record as it is after that. */
async function put(
  store: Store,
  now: number,
  id: SessionId,
  name: string,
  value: Entry | Mark,
): Promise<SessionRecord> {
  const text = JSON.stringify(value)
  const fresh = { ...toOwnRecord(id, Math.floor(now), Math.floor(value.until)), data: { [name]: text } }
  for (let tries = 0; ; tries = nextTry(tries)) {
    if (await store.create(fresh)) return fresh
    const kept = await readNow(store, id)
    if (kept?.kind === 'ended') throw new SessionError('ERR_STORE', 'Another program ended what was kept of a login.')
    if (kept === null) continue
    await store.write(id, {
      set: { [name]: text },
      remove: (await toForget(store, kept, now)).filter((other) => other !== name),
      version: kept.version,
      seen: { at: Math.max(fresh.lastSeenAt, kept.lastSeenAt), expiresAt: Math.max(fresh.expiresAt, kept.expiresAt) },
    })
    // Also because a parallel call with a later time may have kept this one from moving the end of the record.
    const after = await readNow(store, id)
    if (after?.kind === 'live' && after.data[name] === text && after.expiresAt >= fresh.expiresAt) return after
  }
}

function readNow(store: Store, id: SessionId): MaybePromise<SessionRecord | Tombstone | null> {
  return store.readNow?.(id) ?? store.read(id)
}

/** Which texts have no use any more. */
async function toForget(store: Store, record: SessionRecord, now: number): Promise<string[]> {
  const isOld = (text: string): boolean => (JSON.parse(text) as Mark).until <= now
  const old = Object.entries(record.data).flatMap(([name, text]) => (isOld(text) ? [name] : []))
  const ids = entriesIn(record).map(([id]) => id)
  if (ids.length === 0 || ids.length % MANY > 0) return old
  const kept = await Promise.all(ids.map((id) => readNow(store, id)))
  return [...old, ...ids.filter((_, index) => kept[index]?.kind !== 'live')]
}
