/**
 * Server-sent events that belong to a session.
 * @module sojourn/live/sse
 */
import { toOwnResponse, toResponse } from '../adapters/_answer.ts'
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkArgument, checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { attempt } from '../core/lib/maybe.ts'
import { repeat } from '../core/lib/runtime.ts'
import { untilSent } from '../core/request/tie.ts'
import { crossOriginGuard } from '../guards/cross-origin.ts'
import { judgeOrigin, type OriginOptions } from './_handshake.ts'
import { createRegistry, LIVE_KINDS, type LiveOptions, toAnswer } from './_registry.ts'
import type { LiveConnection, LiveEnd, OpenSeat } from './_seat.ts'

export interface LiveEventsOptions extends Omit<LiveOptions, 'extendsSession'>, Pick<OriginOptions, 'trustedOrigins'> {
  /** How often an idle stream gets a comment, so that proxies keep it open. Default `'15s'`. */
  readonly heartbeat?: Duration
  /** How long browsers wait before they connect again. Default `'3s'`. */
  readonly retry?: Duration
}

/** One event stream. */
export interface EventStream {
  /**
   * Sends an event. Does nothing once the stream is closed.
   *
   * @throws `ERR_OPTION` if `event` or `id` has a line break.
   */
  send(data: string, options?: { readonly event?: string; readonly id?: string }): void
  /** Ends the stream. Browsers connect again. */
  close(): void
  /** Aborts once the stream is closed, for whatever reason: stop your timers and subscriptions. */
  readonly signal: AbortSignal
}

export interface LiveEvents<Data extends object> {
  /**
   * Resolves with the response of a handler. `begin` is called once its headers are sent and the session is found to be live. The
   * response is a 401, 403 or 429 instead if the client may not connect.
   */
  respond(session: Session<Data>, begin: (stream: EventStream, session: Session<Data>) => unknown): Promise<Response>
  /** How many streams are open. */
  readonly size: number
  /** Closes all, and opens no more. */
  close(): void
}

const KINDS: OptionKinds<LiveEventsOptions> = {
  anonymous: 'boolean',
  perSession: 'number',
  perUser: 'number',
  over: LIVE_KINDS.over,
  trustedOrigins: 'array',
  heartbeat: 'any',
  retry: 'any',
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // nginx would collect the events.
  'x-accel-buffering': 'no',
} as const

/** A client that reads nothing must not fill the memory. */
const MAX_QUEUED_BYTES = 1024 * 1024

/**
 * Event streams (`EventSource`) that end when their session ends, on whatever server. Call `respond` in a handler, with the session
 * that the adapter opened.
 *
 * The client gets a last event `end`, whose data is the reason as JSON: `{"code":4401,"text":"session ended"}`. `EventSource` then
 * connects again, gets 401, and stops for good. If the token was rotated, it connects with its new cookie instead.
 *
 * ```ts
 * const events = liveEvents(sessions)
 * app.get('/events', (c) =>
 *   events.respond(c.var.session, (stream, session) => {
 *     const stop = news.subscribe(session.userId, (text) => stream.send(text))
 *     stream.signal.addEventListener('abort', stop)
 *   }),
 * )
 * ```
 *
 * @throws `ERR_OPTION` for a wrong option.
 */
export function liveEvents<Data extends object>(
  sessions: Sessions<Data>,
  options: LiveEventsOptions = {},
): LiveEvents<Data> {
  assertSessions(sessions, 'liveEvents')
  checkOptions(options, KINDS, 'liveEvents')
  const { trustedOrigins, heartbeat = '15s', retry = '3s', ...limits } = options
  const retryMs = toMs(retry, 'liveEvents: retry')
  // Other than on a socket, a page of another origin can read no answer unless CORS lets it. It could use up the limits.
  const guard = crossOriginGuard(trustedOrigins === undefined ? {} : { trustedOrigins })
  const live = createRegistry(limits)
  const streams = new Set<Source>()
  const stopBeating = repeat(toMs(heartbeat, 'liveEvents: heartbeat'), async () => {
    for (const stream of streams) stream.beat()
    return true
  })

  return {
    get size() {
      return live.size
    },
    async respond(session, begin) {
      checkArgument(begin, 'function', 'begin')
      const refusal = await judgeOrigin(guard, session)
      if (refusal !== null) return toResponse(toOwnResponse(refusal))
      const seat = live.reserve(session)
      if (seat.refused !== undefined) return toResponse(toOwnResponse(toAnswer(seat)))
      const source = new Source(seat, retryMs, {
        begin: async (stream) => {
          await untilSent(session, () => stream.signal.aborted)
          await seat.tie(session, sessions.watch)
          seat.connect(source)
          if (seat.ended === null) await begin(stream, session)
        },
        left: () => streams.delete(source),
      })
      streams.add(source)
      return new Response(new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: 0 })), {
        headers: HEADERS,
      })
    },
    close() {
      stopBeating()
      live.close()
    },
  }
}

interface Steps {
  readonly begin: (stream: EventStream) => Promise<unknown>
  readonly left: () => void
}

/** What a `ReadableStream` reads from, and what the registry closes. */
class Source implements EventStream, LiveConnection, UnderlyingDefaultSource<Uint8Array> {
  readonly #seat: OpenSeat
  readonly #retryMs: number
  readonly #steps: Steps
  readonly #over = new AbortController()
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  /** A beat passed before anybody read. */
  #isIgnored = false
  #reads = 0
  #isEnding = false

  constructor(seat: OpenSeat, retryMs: number, steps: Steps) {
    this.#seat = seat
    this.#retryMs = retryMs
    this.#steps = steps
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller
  }

  /** Called when everything was read. The headers are sent before the second time, or with the first bytes. */
  pull(): void {
    this.#reads++
    if (this.#isEnding) this.#finish()
    else if (this.#reads === 1) this.#write(`retry: ${this.#retryMs}\n\n`)
    else if (this.#reads === 2) this.#begin()
  }

  cancel(): void {
    this.#leave()
  }

  send(data: string, { event, id }: { readonly event?: string; readonly id?: string } = {}): void {
    if (this.signal.aborted) return
    const lines = [...field('event', event), ...field('id', id), ...toLines(data).map((line) => `data: ${line}`)]
    this.#write(`${lines.join('\n')}\n\n`)
  }

  close(end?: LiveEnd): void {
    if (this.signal.aborted) return
    if (end !== undefined) this.send(JSON.stringify({ code: end.code, text: end.text }), { event: 'end' })
    this.#isEnding = true
    this.#over.abort()
    // Somebody waits for the next bytes only if everything was read before. Else `pull` is called then.
    if (end === undefined) this.#write('\n')
  }

  drop(): void {
    this.#break(new SessionError('ERR_SESSION_ENDED', 'The client did not read the stream to its end.'))
  }

  beat(): void {
    // The response was dropped before anybody read it.
    if (this.#reads === 0 && this.#isIgnored) this.drop()
    this.#isIgnored = true
    if (this.#reads > 1 && !this.#isEnding) this.#write(':\n\n')
  }

  #begin(): void {
    const failed = (error: unknown): void => {
      if (error instanceof SessionError && error.code === 'ERR_SESSION_ENDED') this.#seat.lost()
      else this.#break(error)
    }
    attempt(() => this.#steps.begin(this), failed)
  }

  #write(text: string): void {
    const controller = this.#controller
    if (controller === null) return
    controller.enqueue(new TextEncoder().encode(text))
    if ((controller.desiredSize ?? 0) < -MAX_QUEUED_BYTES) this.drop()
  }

  #break(error: unknown): void {
    this.#leave()
    this.#controller?.error(error)
  }

  #finish(): void {
    this.#controller?.close()
    this.#leave()
  }

  #leave(): void {
    this.#over.abort()
    this.#isEnding = true
    this.#steps.left()
    this.#seat.leave()
  }
}

function field(name: string, value: string | undefined): string[] {
  if (value === undefined) return []
  if (/[\r\n\0]/.test(value)) throw new SessionError('ERR_OPTION', `send: ${name} must have no line break.`)
  return [`${name}: ${value}`]
}

function toLines(data: string): string[] {
  return data.split(/\r\n|\r|\n/)
}
