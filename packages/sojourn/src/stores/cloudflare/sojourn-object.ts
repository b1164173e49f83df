import { isTooLarge, type ObjectStorage } from './object-storage.ts'
import { createSessionPart, type SessionCalls } from './session-part.ts'
import { createUserPart, type UserCalls } from './user-part.ts'

export interface ObjectState {
  readonly storage: ObjectStorage
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>
  abort(reason?: string): void
}

/** Every call that an object answers. The path is the call's name; body and answer are JSON. */
export type ObjectCalls = SessionCalls & UserCalls

interface Parts {
  readonly calls: ObjectCalls
  alarm(): Promise<void>
}

/**
 * The Durable Object of `durableObjectStore`: one session, or the list of one user. Re-export it from the Worker's main module,
 * and name it in `new_sqlite_classes`.
 *
 * Its state is in memory while it is in use. No call awaits anything between reading and writing, so calls cannot interleave. The
 * platform holds every answer back until the write is on disk.
 */
export class SojournObject {
  readonly #state: ObjectState
  readonly #ready: Promise<Parts>

  /** The second parameter is the Worker's bindings, which are not used. */
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

  /** Tests override it because they cannot wait for a session to expire. */
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

  /** The platform calls this at the time of the alarm. It deletes what has expired. */
  async alarm(): Promise<void> {
    const { alarm } = await this.#ready
    await this.#orNothing(alarm)
  }

  /** A failed write is in memory but not on disk. The object restarts, so that it reads the state from the disk. */
  async #orNothing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#state.abort('The Durable Object restarts because a write failed.')
      throw error
    }
  }
}
