import { callable } from './callable.ts'
import { Store } from './store.ts'
import type { Callback, StoredSession } from './types.ts'

/**
 * Keeps sessions in this process, for development and tests. It drops an expired session only when it is asked for it, so it
 * grows. Sojourn's own `memoryStore()` has a limit and deletes what has expired.
 */
class BaseMemoryStore extends Store {
  sessions: Record<string, string> = Object.create(null)

  get(sid: string, callback: (error?: unknown, session?: StoredSession | null) => void): void {
    setImmediate(callback, null, find(this.sessions, sid))
  }

  set(sid: string, session: object, callback?: Callback): void {
    this.sessions[sid] = JSON.stringify(session)
    if (callback) setImmediate(callback)
  }

  destroy(sid: string, callback?: Callback): void {
    delete this.sessions[sid]
    if (callback) setImmediate(callback)
  }

  touch(sid: string, session: { readonly cookie?: unknown }, callback?: Callback): void {
    const current = find(this.sessions, sid)
    if (current) this.sessions[sid] = JSON.stringify({ ...current, cookie: session.cookie })
    if (callback) setImmediate(callback)
  }

  all(callback?: (error: null, sessions: Record<string, StoredSession>) => void): void {
    if (callback) setImmediate(callback, null, allOf(this.sessions))
  }

  length(callback: (error: null, length: number) => void): void {
    setImmediate(callback, null, Object.keys(allOf(this.sessions)).length)
  }

  clear(callback?: Callback): void {
    this.sessions = Object.create(null)
    if (callback) setImmediate(callback)
  }
}

function allOf(sessions: Record<string, string>): Record<string, StoredSession> {
  const all: Record<string, StoredSession> = Object.create(null)
  for (const sid of Object.keys(sessions)) {
    const session = find(sessions, sid)
    if (session) all[sid] = session
  }
  return all
}

function find(sessions: Record<string, string>, sid: string): StoredSession | undefined {
  const text = sessions[sid]
  if (text === undefined) return undefined
  const session: StoredSession = JSON.parse(text)
  const expires = session.cookie?.expires
  if (!expires || new Date(expires).valueOf() > Date.now()) return session
  delete sessions[sid]
  return undefined
}

export type MemoryStore = BaseMemoryStore
export const MemoryStore: typeof BaseMemoryStore = callable(BaseMemoryStore)
