import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Sessions } from 'sojourn'
import { afterEach } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { type Client, createWorld, type TestData, type World, type WorldOptions } from '../core/kit.ts'

export const HOST = 'shop.example'
export const OWN = `https://${HOST}`

const closing: (() => unknown)[] = []
export function onClose(close: () => unknown): void {
  closing.push(close)
}
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Starts a server on a free port, and answers with its address: `127.0.0.1:4711`. */
export async function start(server: Server = createServer()): Promise<{ server: Server; address: string }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onClose(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

export async function loggedIn(
  options?: WorldOptions<TestData>,
  userId = 'ada',
): Promise<{ world: World<TestData>; client: Client<TestData>; id: string }> {
  const world = createWorld<TestData>(options)
  const client = world.client()
  return { world, client, id: await logIn(client, userId) }
}

export async function logIn(client: Client<TestData>, userId: string): Promise<string> {
  await client.send((session) => session.login(userId))
  return client.send((session) => session.id).then(({ value }) => value)
}

/** What became of a handshake: the socket, or the status of the refusal. */
export interface Dialed {
  readonly status: number
  readonly setCookies: readonly string[]
  readonly socket: WebSocket
  /** Resolves when it is closed, with the code and the text. */
  readonly closed: Promise<readonly [code: number, text: string]>
  /** What arrives, in order. */
  readonly messages: string[]
}

export interface DialOptions {
  readonly cookie?: string
  /** `null`: none is sent. Default: the page of the same host. */
  readonly origin?: string | null
  readonly path?: string
  readonly protocols?: string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly ws?: ClientOptions
}

export async function dial(address: string, options: DialOptions = {}): Promise<Dialed> {
  const { cookie, origin = OWN, path = '/chat', protocols = [], headers, ws } = options
  const socket = new WebSocket(`ws://${address}${path}`, protocols, {
    ...ws,
    headers: { host: HOST, ...(cookie !== undefined && { cookie }), ...(origin !== null && { origin }), ...headers },
  })
  const messages: string[] = []
  socket.on('message', (data) => messages.push(String(data)))
  socket.on('error', () => {})
  onClose(() => socket.terminate())
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.once('close', (code, text) => resolve([code, String(text)]))
  })
  let setCookies: readonly string[] = []
  socket.once('upgrade', ({ headers: answered }) => {
    setCookies = answered['set-cookie'] ?? []
  })
  const status = await new Promise<number>((resolve, reject) => {
    socket.once('open', () => resolve(101))
    socket.once('unexpected-response', (_, response) => {
      setCookies = response.headers['set-cookie'] ?? []
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    socket.once('close', () => reject(new Error('The connection was closed before an answer.')))
  })
  return { status, setCookies, socket, closed, messages }
}

/** Resolves once the socket has said this. */
export function said(socket: WebSocket, text?: string): Promise<string> {
  return new Promise((resolve) => {
    const listen = (data: unknown): void => {
      if (text !== undefined && String(data) !== text) return
      socket.off('message', listen)
      resolve(String(data))
    }
    socket.on('message', listen)
  })
}

export type AnySessions = Sessions<TestData>
