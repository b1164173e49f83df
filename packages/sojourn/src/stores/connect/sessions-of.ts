import { SessionError } from '../../core/contracts/errors.ts'

/** What is needed of an Express-style store: `MemoryStore`, `connect-redis`, `connect-pg-simple`, and any other made for express-session. */
export interface ExpressStore {
  get(sid: string, callback: (error?: unknown, session?: object | null) => void): unknown
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown
  destroy(sid: string, callback: (error?: unknown) => void): unknown
}

/** Texts under a key, each until a time: what an Express-style store comes down to. */
export interface Texts {
  get(key: string): Promise<string | null>
  set(key: string, text: string, deleteAt: number): Promise<void>
  delete(key: string): Promise<void>
}

/**
 * Our text stands beside a cookie of the form that these stores look into for how long to keep a session. It is one text, for some
 * of them change numbers, lists or names that they do not like.
 */
export function textsOf(store: ExpressStore): Texts {
  return {
    async get(key) {
      const session = await new Promise<object | null>((resolve, reject) => {
        store.get(key, (error, found) => (isFault(error) ? reject(error) : resolve(found ?? null)))
      })
      if (session === null) return null
      if ('sojourn' in session && typeof session.sojourn === 'string') return session.sojourn
      throw new SessionError('ERR_RECORD_DAMAGED', 'connect: a session of other software is in the way.')
    },

    set(key, text, deleteAt) {
      const cookie = {
        originalMaxAge: deleteAt - Date.now(),
        expires: new Date(deleteAt),
        secure: true,
        httpOnly: true,
        path: '/',
      }
      return new Promise((resolve, reject) => {
        store.set(key, { cookie, sojourn: text }, (error) => (isFault(error) ? reject(error) : resolve()))
      })
    },

    delete: (key) =>
      new Promise((resolve, reject) => {
        store.destroy(key, (error) => (isFault(error) ? reject(error) : resolve()))
      }),
  }
}

/** Stores on files say so of a session that is not there; express-session takes it for that. */
function isFault(error: unknown): boolean {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return error !== undefined && error !== null && !isMissing
}
