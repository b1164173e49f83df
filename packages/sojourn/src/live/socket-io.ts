/**
 * Connections of Socket.IO that belong to a session.
 * @module sojourn/live/socket-io
 */
import type { IncomingMessage } from 'node:http'
import type { Namespace, Server, Socket } from 'socket.io'
import type { OwnResponse } from '../adapters/_answer.ts'
import { NodeView } from '../adapters/_node-open.ts'
import { assertTrustProxy, type TrustProxy } from '../adapters/_trust-proxy.ts'
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import type { HeaderChange } from '../core/contracts/carrier.ts'
import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { release } from '../core/lib/runtime.ts'
import { type Admitted, createHandshakes, type Handshake, ORIGIN_KINDS, type OriginOptions } from './_handshake.ts'
import { LIVE_KINDS, type LiveOptions } from './_registry.ts'
import type { LiveEnd } from './_seat.ts'
import { liveConnections } from './connections.ts'

export interface LiveSocketIoOptions extends LiveOptions, OriginOptions {
  /** The server of Socket.IO, attached to its HTTP server. */
  readonly io: Server
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`: none. */
  readonly trustProxy?: TrustProxy
}

/** The connections of Socket.IO in this process. */
export interface LiveSocketIo {
  /** How many are open. All namespaces of a client share one. */
  readonly size: number
  /** Closes all with 1001, and admits no more. Call it before `io.close()`. */
  close(): void
}

const KINDS: OptionKinds<LiveSocketIoOptions> = {
  ...LIVE_KINDS,
  ...ORIGIN_KINDS,
  io: 'object',
  trustProxy: 'any',
}

/** A handshake without a connection keeps no place for longer. */
const CONNECT_MS = 10_000
/** Long enough for the client to read why it was refused. */
const REFUSED_MS = 2_000

/** What `socket.data.sojourn` has: which session the socket belongs to. */
interface Tag {
  readonly id: string
  readonly userId: string | null
}

/** One client, with its sockets in all namespaces. */
interface Line<Data extends object> {
  readonly handshake: Handshake<Data>
  readonly sockets: Set<Socket>
  /** Gives the place back if no connection follows. */
  readonly timer?: ReturnType<typeof setTimeout>
}

/** What we use of the engine, whose types socket.io does not export. */
interface Engine {
  readonly opts: { allowRequest?: (request: IncomingMessage, done: Allow) => void }
  on(event: 'initial_headers', listener: (headers: Record<string, unknown>, request: IncomingMessage) => void): unknown
  on(event: 'connection', listener: (line: EngineSocket) => void): unknown
}
interface EngineSocket {
  readonly request: IncomingMessage
  once(event: 'close', listener: () => void): unknown
  close(discard?: boolean): unknown
}
type Allow = (message: string | null | undefined, isAllowed: boolean) => void

/** The part of an adapter that recovers connections. */
interface Recovery {
  restoreSession?(pid: string, offset: string): Promise<Recovered | null> | null
}
interface Recovered {
  readonly data: unknown
}

/**
 * Opens the session of each handshake of Socket.IO, and disconnects the client when the session ends, on whatever server. Get the
 * session with `sessions.get(socket.request)`.
 *
 * A page of another origin gets 403. A client without a login, or one too many, gets a `connect_error` with `data.status` (401 or
 * 429) and `data.reason`, and does not try again by itself. Before a client is disconnected, it gets the event `session:end` with
 * `{ code, text }`. Each socket joins the rooms `session:<id>` and `user:<user id>`.
 *
 * With `connectionStateRecovery`, a connection is recovered only while its session lives. Set `skipMiddlewares: false` there.
 *
 * ```ts
 * liveSocketIo(sessions, { io })
 * io.on('connection', (socket) => {
 *   const session = sessions.get(socket.request)
 *   socket.emit('hello', session.userId)
 * })
 * ```
 *
 * @throws `ERR_OPTION` for a wrong option, and if recovery skips the middleware.
 */
export function liveSocketIo<Data extends object>(
  sessions: Sessions<Data>,
  options: LiveSocketIoOptions,
): LiveSocketIo {
  assertSessions(sessions, 'liveSocketIo')
  checkOptions(options, KINDS, 'liveSocketIo')
  const { io, trustProxy = false, trustedOrigins, insecureNoOrigin, ...limits } = options
  assertTrustProxy(trustProxy, 'liveSocketIo')
  const engine = demandEngine(io)
  assertMiddlewareRuns(io)
  const live = liveConnections(sessions, limits)
  const open = createHandshakes(sessions, live, { trustedOrigins, insecureNoOrigin })
  const lines = new WeakMap<IncomingMessage, Line<Data>>()

  async function judge(request: IncomingMessage, done: Allow): Promise<void> {
    const handshake = await open(new NodeView(request, trustProxy))
    // Socket.IO's client tries again after these, and tells the page the reason of the others.
    if ('answer' in handshake && !isAboutSession(handshake.answer)) return done(handshake.answer.body.trim(), false)
    lines.set(request, { handshake, sockets: new Set(), ...('seat' in handshake && hold(request, handshake)) })
    done(null, true)
  }

  function hold(request: IncomingMessage, { session, seat }: Admitted<Data>): Pick<Line<Data>, 'timer'> {
    sessions.attach(request, session)
    const timer = setTimeout(() => {
      lines.delete(request)
      seat.leave()
    }, CONNECT_MS)
    release(timer)
    return { timer }
  }

  const { allowRequest } = engine.opts
  function allow(request: IncomingMessage, done: Allow): void {
    if (allowRequest === undefined) {
      void judge(request, done)
      return
    }
    allowRequest(request, (message, isAllowed) => {
      if (isAllowed) void judge(request, done)
      else done(message, false)
    })
  }

  engine.opts.allowRequest = allow
  engine.on('initial_headers', (headers, request) => {
    const isSocket = request.headers.upgrade !== undefined
    put(headers, lines.get(request)?.handshake.headers ?? [], isSocket)
  })
  engine.on('connection', (line) => {
    const found = lines.get(line.request)
    if (found === undefined || !('seat' in found.handshake)) return
    const { seat } = found.handshake
    clearTimeout(found.timer)
    line.once('close', () => seat.leave())
    seat.connect({
      close({ code, text }: LiveEnd) {
        for (const socket of found.sockets) socket.emit('session:end', { code, text })
        for (const socket of found.sockets) socket.disconnect(true)
        if (found.sockets.size === 0) line.close()
      },
      drop: () => line.close(true),
    })
  })

  /** Returns why the socket must not be opened; `null` if it may. */
  function sit(socket: Socket): Error | null {
    const { handshake, sockets } = lines.get(socket.request) ?? {}
    if (handshake === undefined || sockets === undefined) return toError(401, 'no-session', 'Connect again.')
    if ('answer' in handshake) {
      release(setTimeout(() => socket.conn.close(), REFUSED_MS))
      return refusalOf(handshake.answer)
    }
    const { session, seat } = handshake
    const tag: Tag = { id: session.id, userId: session.userId }
    if (seat.ended !== null) return toError(401, 'ended', 'The session has ended. Log in again.')
    if (socket.recovered && tagOf(socket.data)?.id !== tag.id) {
      return toError(401, 'other-session', 'The connection belongs to another session. Load the page again.')
    }
    socket.data.sojourn = tag
    socket.join([`session:${tag.id}`, ...(tag.userId === null ? [] : [`user:${tag.userId}`])])
    socket.use((_, proceed) => {
      if (seat.ended !== null) return
      seat.active()
      proceed()
    })
    sockets.add(socket)
    socket.once('disconnect', () => sockets.delete(socket))
    return null
  }

  /** Socket.IO sends what a client missed before any middleware runs, so only the store can say whether it may have it. */
  function guardRecovery({ adapter }: Namespace): void {
    const recovery = adapter as Recovery
    const restore = recovery.restoreSession?.bind(adapter)
    if (restore === undefined) return
    async function restoreLive(pid: string, offset: string): Promise<Recovered | null> {
      const found = (await restore?.(pid, offset)) ?? null
      const { id, userId } = tagOf(found?.data) ?? { id: '', userId: null }
      if (found === null || userId === null) return null
      return (await sessions.list(userId)).some((one) => one.id === id) ? found : null
    }
    recovery.restoreSession = restoreLive
  }

  function guard(namespace: Namespace): void {
    namespace.use((socket, next) => next(sit(socket) ?? undefined))
    // Before the application's own: a dynamic namespace begins with the middleware of its parent.
    const { _fns: all } = namespace as unknown as { readonly _fns: unknown[] }
    all.unshift(...all.splice(-1))
    guardRecovery(namespace)
  }

  for (const namespace of io._nsps.values()) guard(namespace)
  io.on('new_namespace', guard)
  return {
    get size() {
      return live.size
    },
    close: live.close,
  }
}

function demandEngine({ engine }: Server): Engine {
  const found = engine as Engine | undefined
  if (typeof found?.on === 'function') return found
  throw new SessionError('ERR_OPTION', 'liveSocketIo: attach io to the HTTP server first: new Server(httpServer).')
}

function assertMiddlewareRuns(io: Server): void {
  const { opts } = io as unknown as {
    readonly opts: { readonly connectionStateRecovery?: { skipMiddlewares?: boolean } }
  }
  if (opts.connectionStateRecovery?.skipMiddlewares !== true) return
  throw new SessionError(
    'ERR_OPTION',
    'liveSocketIo: set connectionStateRecovery: { skipMiddlewares: false }, so that recovered connections are checked.',
  )
}

function isAboutSession({ status }: OwnResponse): boolean {
  return status === 401 || status === 429
}

function refusalOf({ status, body }: OwnResponse): Error {
  return toError(status, status === 429 ? 'limit' : 'no-session', body.trim())
}

function toError(status: number, reason: string, message: string): Error {
  return Object.assign(new Error(message), { data: { status, reason } })
}

function tagOf(data: unknown): Tag | null {
  return (data as { readonly sojourn?: Tag } | null | undefined)?.sojourn ?? null
}

/**
 * `engine.io` writes the headers of a polling request as an object, where a list repeats a header, and those of a WebSocket by their
 * keys, where only keys that differ do.
 */
function put(headers: Record<string, unknown>, changes: readonly HeaderChange[], isSocket: boolean): void {
  for (const { name, value } of changes) {
    const present = Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase())
    if (present === undefined) headers[name] = value
    else if (!isSocket) headers[present] = [headers[present], value].flat()
    else headers[toFree(headers, name)] = value
  }
}

/** The same header in another spelling. Names of headers are not case-sensitive (RFC 9110, section 5.1). */
function toFree(headers: Readonly<Record<string, unknown>>, name: string): string {
  for (let i = 1; i <= name.length; i++) {
    const spelled = name.slice(0, i).toUpperCase() + name.slice(i)
    if (!(spelled in headers)) return spelled
  }
  return name
}
