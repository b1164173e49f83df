import type { ObjectStorage } from './object-storage.ts'
import { createSessionPart, type SessionCalls } from './session-part.ts'
import { isTooLarge } from './too-large.ts'
import { createUserPart, type UserCalls } from './user-part.ts'

export interface ObjectState {
  readonly storage: ObjectStorage
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>
  abort(reason?: string): void
}

/** Every call that an object answers. Its path is the name, its body and its answer are JSON. */
export type ObjectCalls = SessionCalls & UserCalls

interface Parts {
  readonly calls: ObjectCalls
  alarm(): Promise<void>
}

/**
 * The Durable Object of `durableObjectStore`: one session, or the list of one user's. Re-export it from the Worker's
 * main module, and name it in `new_sqlite_classes`.
 *
 * Its state is in memory while it is in use. Each call decides without waiting for anything, so nothing comes between
 * what it looked at and what it writes, and the platform holds every answer back until the write is on disk.
 */
export class SojournObject {
  readonly #state: ObjectState
  readonly #ready: Promise<Parts>

  /** The second parameter is the Worker's bindings, of which it needs none. */
  constructor(state: ObjectState, _env?: unknown) {
    this.#state = state
    this.#ready = state.blockConcurrencyWhile(async () => {
      const stored = await state.storage.list()
      const now = (): number => this.now()
      const session = createSessionPart(state.storage, stored, now)
      const user = createUserPart(state.storage, stored, now)
      return {
        calls: { ...session.calls, ...user.calls },
        alarm: async () => void (await Promise.all([session.alarm(), user.alarm()])),
      }
    })
  }

  /** For tests, which cannot wait for a session to expire. */
  protected now(): number {
    return Date.now()
  }

  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1)
    const given = (await request.json()) as never
    const { calls } = await this.#ready
    if (!Object.hasOwn(calls, name)) return new Response(null, { status: 404 })
    return this.#orNothing(async () => {
      try {
        return Response.json(await calls[name as keyof ObjectCalls](given))
      } catch (error) {
        if (isTooLarge(error)) return new Response(null, { status: 413 })
        throw error
      }
    })
  }

  /** Called by the platform at the time that was set: deletes what has expired. */
  async alarm(): Promise<void> {
    const { alarm } = await this.#ready
    await this.#orNothing(alarm)
  }

  /** A write that failed stands in memory and not on disk. The object starts anew, from the disk. */
  async #orNothing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#state.abort('A write failed.')
      throw error
    }
  }
}
