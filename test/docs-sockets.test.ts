import { io, type Socket } from 'socket.io-client'
import type { Sessions } from 'sojourn'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Client, createClient } from './docs/client.ts'
import { type Running, runSnippet } from './docs/run.ts'
import { snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/use-websockets.md'
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Site {
  readonly origin: string
  readonly sessions: Sessions<Record<string, unknown>>
  readonly client: Client
  readonly cookie: () => string
}

async function start(name: string): Promise<Site> {
  const snippets = snippetsOf(PAGE)
  const snippet = snippets.find((one) => one.name === name)
  if (snippet === undefined) throw new Error(`${PAGE} shows no ${name}`)
  const running: Running = await runSnippet(snippet, snippets)
  cleanups.push(() => running.stop())
  const origin = running.origins[0] ?? ''
  const client = createClient(origin)
  const cookie = (): string => Array.from(client.cookies, (pair) => pair.join('=')).join('; ')
  return { origin, sessions: running.exports.sessions as Site['sessions'], client, cookie }
}

function connect({ origin }: Site, headers: Record<string, string>): WebSocket {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/chat`, { headers: { origin, ...headers } })
  cleanups.push(() => socket.terminate())
  return socket
}

const opened = (socket: WebSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
const message = (socket: WebSocket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('message', (data) => resolve(String(data)))
  })
const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => {
    socket.once('close', resolve)
  })

describe('the page about WebSockets: ws', () => {
  test('a logged-in client connects, and what its message stores is there in the next request', async () => {
    const site = await start('sockets.ts')
    await site.client.post('/login')
    const socket = connect(site, { cookie: site.cookie() })
    await opened(socket)
    socket.send('chapter one')
    expect(await message(socket)).toBe('saved for ada')
    const [info] = await site.sessions.list('ada')
    expect((await site.sessions.export('ada')).sessions.map(({ id, data }) => [id, data])).toEqual([
      [info?.id, { draft: 'chapter one' }],
    ])
  })

  test('a client without a session is refused with 401', async () => {
    await expect(opened(connect(await start('sockets.ts'), {}))).rejects.toThrow('401')
  })

  test('a page of another site cannot connect as the user', async () => {
    const site = await start('sockets.ts')
    await site.client.post('/login')
    const foreign = { cookie: site.cookie(), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    await expect(opened(connect(site, foreign))).rejects.toThrow('403')
  })

  test('a logout closes the sockets of the session', async () => {
    const site = await start('sockets.ts')
    await site.client.post('/login')
    const socket = connect(site, { cookie: site.cookie() })
    await opened(socket)
    const end = closed(socket)
    await site.client.post('/logout')
    expect(await end).toBe(4401)
  })
})

describe('the page about WebSockets: Socket.IO', () => {
  async function dial(site: Site, transport: string): Promise<{ socket: Socket; gone: Promise<string> }> {
    const extraHeaders = { cookie: site.cookie(), origin: site.origin }
    const socket = io(site.origin, { transports: [transport], extraHeaders, reconnection: false })
    cleanups.push(() => socket.disconnect())
    const gone = new Promise<string>((resolve) => {
      socket.once('disconnect', resolve)
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('connect_error', reject)
    })
    return { socket, gone }
  }

  test.each(['polling', 'websocket'] as const)('over %s: an event stores, a logout disconnects', async (transport) => {
    const site = await start('socket-io.ts')
    await site.client.post('/login')
    const { socket, gone } = await dial(site, transport)
    expect(await socket.emitWithAck('draft', 'chapter one')).toBe('saved for ada')
    expect((await site.sessions.export('ada')).sessions[0]?.data).toEqual({ draft: 'chapter one' })
    await site.client.post('/logout')
    expect(await gone).toMatch(/io server disconnect|transport close/)
  })

  test('a client that is not logged in does not connect', async () => {
    await expect(dial(await start('socket-io.ts'), 'websocket')).rejects.toMatchObject({ data: { status: 401 } })
  })
})
