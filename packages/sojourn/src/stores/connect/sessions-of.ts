import { SessionError } from '../../core/contracts/errors.ts'
import { within } from '../../core/lib/within.ts'

/**
 * The members of an Express-style store that are used here: `MemoryStore`, `connect-redis`, `connect-pg-simple`, and any other
 * made for express-session.
 */
export interface ExpressStore {
  get(sid: string, callback: (error?: unknown, session?: object | null) => void): unknown
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown
  destroy(sid: string, callback: (error?: unknown) => void): unknown
}

/** Texts under keys, each kept until a time. An Express-style store can do this much. */
export interface Texts {
  get(key: string): Promise<string | null>
  set(key: string, text: string, deleteAt: number): Promise<void>
  delete(key: string): Promise<void>
}

/**
 * Our text is stored beside a cookie, because these stores read from the cookie how long to keep a session. It is a single text,
 * because some of these stores change numbers, lists or names.
 */
export function textsOf(store: ExpressStore): Texts {
  return {
    async get(key) {
      const session = await answerOf<object | null>((done) => store.get(key, done))
      if (session === undefined || session === null) return null
      if ('sojourn' in session && typeof session.sojourn === 'string') return session.sojourn
      throw new SessionError(
        'ERR_RECORD_DAMAGED',
        'connect: another application has stored a session under this key. Give each application its own prefix or table.',
      )
    },

    async set(key, text, deleteAt) {
      const cookie = {
        originalMaxAge: deleteAt - Date.now(),
        expires: new Date(deleteAt),
        secure: true,
        httpOnly: true,
        path: '/',
      }
      await answerOf((done) => store.set(key, { cookie, sojourn: text }, done))
    },

    async delete(key) {
      await answerOf((done) => store.destroy(key, done))
    },
  }
}

/** A store that loses one answer must not keep all later calls of that session waiting. */
const ANSWER_MS = 30_000

type Done<T> = (error?: unknown, value?: T) => void

/** Calls a store, and returns what it calls back with. A missing session is `undefined` or `null`. */
export function answerOf<T>(call: (done: Done<T>) => unknown): Promise<T | undefined> {
  const answer = new Promise<T | undefined>((resolve, reject) => {
    call((error, value) => (isFault(error) ? reject(error) : resolve(value)))
  })
  const late = () => new SessionError('ERR_STORE_TIMEOUT', 'The Express-style store did not call back.')
  return within(ANSWER_MS, answer, late)
}

/** File stores return `ENOENT` for a missing session, and some stores `false` for no error. express-session accepts both. */
function isFault(error: unknown): boolean {
  const isMissing = typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
  return Boolean(error) && !isMissing
}
