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
      const session = await answerOf<object | null>((done) => store.get(key, done))
      if (session === undefined || session === null) return null
      if ('sojourn' in session && typeof session.sojourn === 'string') return session.sojourn
      throw new SessionError('ERR_RECORD_DAMAGED', 'connect: a session of other software is in the way.')
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

async function answerOf<T>(call: (done: Done<T>) => unknown): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await new Promise<T | undefined>((resolve, reject) => {
      const expire = (): void => reject(new SessionError('ERR_STORE_TIMEOUT', 'connect: the store did not call back.'))
      timer = setTimeout(expire, ANSWER_MS)
      call((error, value) => (isFault(error) ? reject(error) : resolve(value)))
    })
  } finally {
    clearTimeout(timer)
  }
}

/** Stores on files say so of a session that is not there; express-session takes it for that. */
function isFault(error: unknown): boolean {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return error !== undefined && error !== null && !isMissing
}
