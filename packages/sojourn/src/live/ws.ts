/**
 * WebSocket connections of `ws` that belong to a session.
 * @module sojourn/live/ws
 */
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { toOwnResponse } from '../adapters/_answer.ts'
import { applyChanges, sendAnswer } from '../adapters/_node-headers.ts'
import { NodeView } from '../adapters/_node-open.ts'
import { assertTrustProxy, type TrustProxy } from '../adapters/_trust-proxy.ts'
import { TICKET_PROTOCOL } from '../carriers/ticket.ts'
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import type { HeaderChange } from '../core/contracts/carrier.ts'
import { checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { attempt } from '../core/lib/maybe.ts'
import { repeat } from '../core/lib/runtime.ts'
import { createHandshakes, ORIGIN_KINDS, type OriginOptions, type RefusedHandshake } from './_handshake.ts'
import { LIVE_KINDS, type LiveOptions } from './_registry.ts'
import type { Seat } from './_seat.ts'
import { liveConnections } from './connections.ts'

export type { OriginOptions } from './_handshake.ts'

export interface LiveWebSocketsOptions extends LiveOptions, OriginOptions {
  /** The server of node:http or node:https whose upgrades are handled. */
  readonly server: Server | HttpsServer
  /** Handles only upgrades of this path, such as `/chat`; other handlers get the rest. Default: all. */
  readonly path?: string
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`: none. */
  readonly trustProxy?: TrustProxy
  /** A client that answers no ping for this long is cut. Default `'30s'`. */
  readonly heartbeat?: Duration
  /** Options of `ws` itself: `maxPayload`, `perMessageDeflate`, `handleProtocols`, ... */
  readonly ws?: Omit<ServerOptions, 'server' | 'noServer' | 'port' | 'host' | 'path' | 'WebSocket'>
}

/** Called for each connection. Its messages are handed out from this turn of the event loop on. */
export type LiveWebSocketListener<Data extends object> = (
  socket: WebSocket,
  session: Session<Data>,
  request: IncomingMessage,
) => unknown

/** The open WebSockets of this process. */
export interface LiveWebSockets<Data extends object> {
  on(event: 'connection', listener: LiveWebSocketListener<Data>): LiveWebSockets<Data>
  /** The sockets that are open. */
  readonly clients: ReadonlySet<WebSocket>
  /** Closes all with 1001 and handles no more upgrades. Resolves when all are closed, after at most two seconds. */
  close(): Promise<void>
}

const KINDS: OptionKinds<LiveWebSocketsOptions> = {
  ...LIVE_KINDS,
  ...ORIGIN_KINDS,
  server: 'object',
  path: 'string',
  trustProxy: 'any',
  heartbeat: 'any',
  ws: 'object',
}

/**
 * Opens the session of each WebSocket handshake, and closes the socket with 4401 when the session ends, on whatever server.
 *
 * A handshake from a page of another origin gets 403, one without a login 401, one too many 429, and if the store cannot answer,
 * 503. A renewed token travels with the response 101, and browsers store it. Once a session has ended, no message reaches a
 * listener, and a client that ignores the close is cut after two seconds. If a listener of `message` rejects with
 * `ERR_SESSION_ENDED`, the socket is closed in the same way.
 *
 * ```ts
 * const sockets = liveWebSockets(sessions, { server, path: '/chat' })
 * sockets.on('connection', (socket, session) => {
 *   socket.on('message', async (text) => {
 *     await session.update('draft', () => String(text))
 *     socket.send('saved')
 *   })
 * })
 * ```
 *
 * @throws `ERR_OPTION` for a wrong option.
 */
export function liveWebSockets<Data extends object>(
  sessions: Sessions<Data>,
  options: LiveWebSocketsOptions,
): LiveWebSockets<Data> {
  assertSessions(sessions, 'liveWebSockets')
  checkOptions(options, KINDS, 'liveWebSockets')
  const {
    server,
    path,
    trustProxy = false,
    heartbeat = '30s',
    ws,
    trustedOrigins,
    insecureNoOrigin,
    ...limits
  } = options
  assertTrustProxy(trustProxy, 'liveWebSockets')
  const beatMs = toMs(heartbeat, 'liveWebSockets: heartbeat')
  const live = liveConnections(sessions, limits)
  const open = createHandshakes(sessions, live, { trustedOrigins, insecureNoOrigin })
  const sockets = new WebSocketServer({ handleProtocols: toProtocol, ...ws, noServer: true, WebSocket: LiveSocket })
  const listeners: LiveWebSocketListener<Data>[] = []
  const headersOf = new WeakMap<IncomingMessage, readonly HeaderChange[]>()
  sockets.on('headers', (lines, request) => {
    for (const { name, value } of headersOf.get(request) ?? []) lines.push(`${name}: ${value}`)
  })

  async function upgrade(request: IncomingMessage, connection: Socket, head: Buffer): Promise<void> {
    const handshake = await open(new NodeView(request, trustProxy))
    if ('answer' in handshake) return refuse(request, connection, handshake)
    const { session, seat, headers } = handshake
    // Also if `ws` refuses the handshake.
    connection.once('close', () => seat.leave())
    if (connection.destroyed) return seat.leave()
    headersOf.set(request, headers)
    sockets.handleUpgrade(request, connection, head, (socket: LiveSocket) => {
      sessions.attach(request, session)
      socket.sit(seat)
      for (const listener of listeners) attempt(() => listener(socket, session, request), socket.failed)
    })
  }

  /** Nobody else would answer, and anybody could hold such connections open. */
  function isUnclaimed(pathname = ''): boolean {
    const [first] = paths
    return server.listenerCount('upgrade') === paths.size && !paths.has(pathname) && first === path
  }

  function onUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    // A target such as `//` is no URL, and an error here would end the process.
    const [pathname] = (request.url ?? '').split('?', 1)
    const isOurs = path === undefined || pathname === path
    if (!isOurs && !isUnclaimed(pathname)) return
    // A client that hangs up would end the process.
    connection.on('error', () => connection.destroy())
    // The response to an earlier request of this connection is not complete, and bytes of two responses would mix.
    if ((connection as Busy)._httpMessage) return void connection.destroy()
    if (isOurs) return void upgrade(request, connection as Socket, head)
    refuse(request, connection as Socket, { answer: NOT_FOUND, headers: [] })
  }

  const paths = takePath(server, path)
  server.on('upgrade', onUpgrade)
  const stopBeating = repeat(beatMs, async () => {
    for (const socket of sockets.clients) socket.beat()
    return true
  })

  return {
    clients: sockets.clients,
    on(event, listener) {
      if (event !== 'connection') throw new SessionError('ERR_OPTION', 'liveWebSockets has the event connection.')
      listeners.push(listener)
      return this
    },
    async close() {
      server.off('upgrade', onUpgrade)
      paths.delete(path)
      stopBeating()
      const closed = new Promise((resolve) => void sockets.close(resolve))
      live.close()
      await closed
    },
  }
}

const NOT_FOUND = toOwnResponse({ status: 404, reason: 'path', message: 'No connection is opened at this path.' })

/** What node:http keeps at a connection while a response is being written to it. */
interface Busy extends Duplex {
  readonly _httpMessage?: object | null
}

/** The paths that each server's sockets are opened at. `undefined`: every path. */
const PATHS = new WeakMap<object, Set<string | undefined>>()

/** Adds the path to those of the server, and returns them all. Two that take the same one would both answer. */
function takePath(server: object, path: string | undefined): Set<string | undefined> {
  const paths = PATHS.get(server) ?? new Set()
  PATHS.set(server, paths)
  if (paths.has(path) || paths.has(undefined) || (path === undefined && paths.size > 0)) {
    throw new SessionError(
      'ERR_OPTION',
      'liveWebSockets: another one handles this path of the server. Pass path to both.',
    )
  }
  return paths.add(path)
}

/** A client may offer its ticket among the protocols. It must not be repeated. */
function toProtocol(offered: Set<string>): string | false {
  return [...offered].find((protocol) => !protocol.startsWith(TICKET_PROTOCOL)) ?? false
}

function refuse(request: IncomingMessage, connection: Socket, { answer, headers }: RefusedHandshake): void {
  const response = new ServerResponse(request)
  response.assignSocket(connection)
  response.shouldKeepAlive = false
  response.once('finish', () => connection.end())
  applyChanges(response, headers)
  sendAnswer(response, answer)
}

/** A socket that hands no message to the application once its session has ended. */
class LiveSocket extends WebSocket {
  #seat: Seat | null = null
  #isAlive = true

  sit(seat: Seat): void {
    this.#seat = seat
    // A client that sends a broken frame would end the process.
    this.on('error', () => this.terminate())
    this.on('pong', () => (this.#isAlive = true))
    seat.connect({ close: ({ code, text }) => this.close(code, text), drop: () => this.terminate() })
  }

  /** Half-open connections would keep their places. */
  beat(): void {
    if (!this.#isAlive) this.terminate()
    this.#isAlive = false
    if (this.readyState === WebSocket.OPEN) this.ping()
  }

  readonly failed = (error: unknown): void => {
    if (!(error instanceof SessionError) || error.code !== 'ERR_SESSION_ENDED') throw error
    this.#seat?.lost()
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'message' || this.#seat === null) return super.emit(event, ...args)
    if (this.#seat.ended !== null) return true
    this.#seat.active()
    for (const listener of this.rawListeners('message')) attempt(() => listener.apply(this, args), this.failed)
    return true
  }
}
