import type { Store } from '../../core/contracts/store.ts'
import { type Box, createBox, createLargeBox } from './box.ts'
import type { EventClaims } from './events-out.ts'

export const PUSH = 'urn:ietf:rfc:8935'
export const POLL = 'urn:ietf:rfc:8936'

export type StreamStatus = 'enabled' | 'paused' | 'disabled'

/** A stream as it is kept: one for each receiver. */
export interface Stream {
  readonly id: string
  readonly receiver: string
  readonly method: typeof PUSH | typeof POLL
  readonly url: string
  readonly authorization: string | null
  readonly requested: readonly string[]
  readonly description: string | null
  readonly status: StreamStatus
  readonly reason: string | null
  /** When a verification was last asked for, ms since the epoch. */
  readonly verifiedAt: number
}

/** An event that waits for a stream. */
export interface Waiting {
  readonly jti: string
  readonly claims: EventClaims
  readonly at: number
  readonly attempts: number
  /** From this time, any process may try to deliver it. */
  readonly dueAt: number
}

/** Streams and what waits for them, in the session store, so that every process serves every receiver. */
export interface StreamStore {
  all(): Promise<readonly Stream[]>
  of(receiver: string): Promise<Stream | null>
  /** Resolves with `null` if there is one already. */
  add(stream: Stream): Promise<Stream | null>
  change(receiver: string, edit: (stream: Stream) => Stream): Promise<Stream | null>
  remove(stream: Stream): Promise<void>
  waiting(stream: Stream): Promise<readonly Waiting[]>
  /** Leaves an event that waits already as it is: another process may be pushing it. */
  put(stream: Stream, event: Waiting): Promise<void>
  /** Replaces what waits, unless another process did. */
  claim(stream: Stream, from: Waiting, to: Waiting): Promise<boolean>
  done(stream: Stream, jtis: readonly string[]): Promise<void>
  /** Subjects that the receiver does not want, as texts. */
  subjects(stream: Stream): Box
}

export function createStreamStore(store: Store, issuer: string, wall: () => number): StreamStore {
  const streams = createBox(store, `streams ${issuer}`, wall)
  const eventsOf = ({ id }: Stream): Box => createLargeBox(store, `events ${issuer} ${id}`, wall)
  const subjectsOf = ({ id }: Stream): Box => createBox(store, `subjects ${issuer} ${id}`, wall)

  async function textOf(receiver: string): Promise<string | null> {
    return (await streams.read())[receiver] ?? null
  }

  return {
    all: async () => Object.values(await streams.read()).map((text) => JSON.parse(text) as Stream),
    async of(receiver) {
      const text = await textOf(receiver)
      return text === null ? null : (JSON.parse(text) as Stream)
    },
    async add(stream) {
      return (await streams.swap(stream.receiver, null, JSON.stringify(stream))) ? stream : null
    },
    async change(receiver, edit) {
      for (;;) {
        const text = await textOf(receiver)
        if (text === null) return null
        const next = edit(JSON.parse(text) as Stream)
        if (await streams.swap(receiver, text, JSON.stringify(next))) return next
      }
    },
    async remove(stream) {
      await streams.remove([stream.receiver])
      await eventsOf(stream).end()
      await subjectsOf(stream).end()
    },
    async waiting(stream) {
      const all = Object.values(await eventsOf(stream).read()).map((text) => JSON.parse(text) as Waiting)
      return all.sort((a, b) => a.at - b.at)
    },
    async put(stream, event) {
      await eventsOf(stream).swap(event.jti, null, JSON.stringify(event))
    },
    claim: (stream, from, to) => eventsOf(stream).swap(from.jti, JSON.stringify(from), JSON.stringify(to)),
    done: (stream, jtis) => eventsOf(stream).remove(jtis),
    subjects: subjectsOf,
  }
}
