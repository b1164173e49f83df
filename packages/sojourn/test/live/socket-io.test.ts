import { createServer } from 'node:http'
import { Server, type ServerOptions } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { type LiveSocketIoOptions, liveSocketIo } from 'sojourn/live/socket-io'
import { describe, expect, it, vi } from 'vitest'
import { type Client, createClient, MINUTE, type TestData } from '../core/kit.ts'
import { type AnySessions, dial as dialWs, loggedIn, logIn, onClose, start } from './kit.ts'

interface Options extends Partial<LiveSocketIoOptions> {
  readonly server?: Partial<ServerOptions>
}

async function serve(sessions: AnySessions, { server: serverOptions, ...options }: Options = {}) {
  const http = createServer()
  const io = new Server(http, serverOptions)
  const live = liveSocketIo(sessions, { io, ...options })
  const { address } = await start(http)
  onClose(() => io.close())
  const heard: string[] = []
  io.on('connection', (socket) => {
    const session = sessions.get(socket.request)
    socket.on('draft', async (text: string, done: (answer: string) => void) => {
      heard.push(text)
      await session.update('draft', () => text)
      done(`saved for ${session.userId}`)
    })
    socket.emit('hello', session.userId)
  })
  return { io, live, address, heard }
}

/** These clients name the address as the host, where the cookie has no prefix in development. */
const cookieOf = (client: Client<TestData>): string => `session=${client.token()}`

interface Dialed {
  readonly socket: Socket
  readonly events: string[]
  /** `connected`, or why not. */
  readonly outcome: Promise<{ connected: true } | { connected: false; message: string; data: unknown; active: boolean }>
  readonly gone: Promise<string>
}

function dial(
  address: string,
  headers: Record<string, string>,
  { transport = 'websocket', namespace = '/', reconnection = false } = {},
): Dialed {
  const socket = connect(`http://${address}${namespace}`, {
    transports: [transport],
    extraHeaders: { origin: `http://${address}`, ...headers },
    reconnection,
    reconnectionDelay: 300,
    randomizationFactor: 0,
    forceNew: true,
  })
  onClose(() => socket.disconnect())
  const events: string[] = []
  socket.onAny((name: string, value: unknown) => events.push(`${name} ${JSON.stringify(value)}`))
  const gone = new Promise<string>((resolve) => socket.once('disconnect', resolve))
  const outcome = new Promise<Awaited<Dialed['outcome']>>((resolve) => {
    socket.once('connect', () => resolve({ connected: true }))
    socket.once('connect_error', (error) => {
      const { message, data = null } = error as Error & { data?: unknown }
      resolve({ connected: false, message, data, active: socket.active })
    })
  })
  return { socket, events, outcome, gone }
}

describe.each(['polling', 'websocket'])('Socket.IO over %s', (transport) => {
  it('1 Ended is ended: works with the session until it ends, tells the client why, and disconnects it', async () => {
    const { world, client, id } = await loggedIn()
    const { address, live } = await serve(world.sessions)
    const { socket, events, gone } = dial(address, { cookie: cookieOf(client) }, { transport })
    await vi.waitFor(() => expect(events).toEqual(['hello "ada"']))
    expect(await socket.emitWithAck('draft', 'one')).toBe('saved for ada')
    expect((await client.send(({ data }) => data.draft)).value).toBe('one')
    expect(live.size).toBe(1)
    await world.sessions.revoke(id)
    expect(await gone).toBe('io server disconnect')
    expect(events.at(-1)).toBe('session:end {"code":4401,"text":"session ended"}')
    await vi.waitFor(() => expect(live.size).toBe(0))
  })

  it('a page of another origin gets no connection', async () => {
    const { world, client } = await loggedIn()
    const { address, io } = await serve(world.sessions)
    const connection = vi.fn()
    io.engine.on('connection', connection)
    const foreign = { cookie: cookieOf(client), origin: 'https://evil.example' }
    expect(await dial(address, foreign, { transport }).outcome).toMatchObject({ connected: false })
    expect(connection).not.toHaveBeenCalled()
  })

  it('nobody without a login: the client learns the reason, and does not try again', async () => {
    const { world } = await loggedIn()
    const { address, live } = await serve(world.sessions)
    expect(await dial(address, {}, { transport, reconnection: true }).outcome).toEqual({
      connected: false,
      message: 'Log in, then connect again.',
      data: { status: 401, reason: 'no-session' },
      active: false,
    })
    expect(live.size).toBe(0)
  })

  it('while the store is down, nobody connects, and nobody is taken for logged out', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    world.store.fail('read')
    const { outcome } = dial(address, { cookie: cookieOf(client) }, { transport })
    expect(await outcome).toMatchObject({ connected: false, data: null })
    expect(await dial(address, { cookie: cookieOf(client) }, { transport }).outcome).toEqual({ connected: true })
  })

  it('a renewed token comes with the handshake', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    for (const minutes of [20, 20]) {
      world.clock.advance(minutes * MINUTE)
      await client.send(() => {})
    }
    world.clock.advance(25 * MINUTE)
    const setCookies = await handshake(address, transport, client)
    expect(setCookies).toHaveLength(1)
    const [cookie = ''] = (setCookies[0] ?? '').replace('__Host-', '').split(';')
    expect(cookie).not.toBe(cookieOf(client))
    expect(await dial(address, { cookie }, { transport }).outcome).toEqual({ connected: true })
    expect(world.eventsOf('renewed')).toHaveLength(1)
  })
})

/** The first request of a client, as Socket.IO's protocol has it. Answers with the cookies of its response. */
async function handshake(address: string, transport: string, client: Client<TestData>): Promise<readonly string[]> {
  const path = `/socket.io/?EIO=4&transport=${transport}`
  if (transport === 'websocket') return (await dialWs(address, { path, cookie: client.cookie() })).setCookies
  const response = await fetch(`http://${address}${path}`, {
    headers: { cookie: cookieOf(client), origin: `http://${address}` },
  })
  return response.headers.getSetCookie()
}

describe('Socket.IO', () => {
  it('a message after the end reaches no handler', async () => {
    const { world, client, id } = await loggedIn()
    const { address, heard, io } = await serve(world.sessions)
    const { outcome } = dial(address, { cookie: cookieOf(client) })
    await outcome
    const [socket] = await io.fetchSockets()
    const [server] = [...io.sockets.sockets.values()]
    expect(socket?.rooms).toEqual(new Set([socket?.id, `session:${id}`, 'user:ada']))
    await world.sessions.revoke(id)
    const dispatch = server as unknown as { dispatch(event: unknown[]): void }
    dispatch.dispatch(['draft', 'late', () => {}])
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([])
  })

  it('one connection too many gets 429; all namespaces of a client count as one, and all are checked', async () => {
    const { world, client } = await loggedIn()
    const { address, io, live } = await serve(world.sessions, { perSession: 1 })
    io.of('/admin').on('connection', (socket) => socket.emit('admin', world.sessions.get(socket.request).userId))
    const { socket, outcome } = dial(address, { cookie: cookieOf(client) })
    expect(await outcome).toEqual({ connected: true })
    const admin = socket.io.socket('/admin')
    await new Promise<void>((resolve) => admin.once('admin', () => resolve()))
    expect(live.size).toBe(1)
    expect(await dial(address, { cookie: cookieOf(client) }).outcome).toMatchObject({
      data: { status: 429, reason: 'limit' },
    })
    expect(await dial(address, {}, { namespace: '/admin' }).outcome).toMatchObject({ data: { status: 401 } })
  })

  it('rooms reach all sockets of a user, and of nobody else', async () => {
    const { world, client } = await loggedIn()
    const bob = createClient(world.sessions)
    await logIn(bob, 'bob')
    const { address, io } = await serve(world.sessions)
    const [ada, other] = [client, bob].map((one) => dial(address, { cookie: cookieOf(one) }))
    await Promise.all([ada?.outcome, other?.outcome])
    io.to('user:ada').emit('news', 1)
    await vi.waitFor(() => expect(ada?.events).toContain('news 1'))
    expect(other?.events).not.toContain('news 1')
  })
})

describe('connection state recovery', () => {
  const server = { connectionStateRecovery: { skipMiddlewares: false } }

  /** A client that lost its connection after it had received something. */
  async function broken() {
    const all = await loggedIn()
    const site = await serve(all.world.sessions, { server })
    const dialed = dial(site.address, { cookie: cookieOf(all.client) }, { reconnection: true })
    await dialed.outcome
    site.io.to('user:ada').emit('news', 1)
    await vi.waitFor(() => expect(dialed.events).toContain('news 1'))
    const { socket } = dialed
    const recovered = new Promise<boolean>((resolve) => {
      socket.once('disconnect', () => socket.once('connect', () => resolve(socket.recovered)))
    })
    for (const { conn } of site.io.sockets.sockets.values()) conn.close(true)
    await vi.waitFor(() => expect(site.io.sockets.sockets.size).toBe(0))
    return { ...all, ...site, ...dialed, recovered }
  }

  it('gives the client what it missed, while its session lives', async () => {
    const { recovered, io, events, client } = await broken()
    io.to('user:ada').emit('news', 2)
    expect(await recovered).toBe(true)
    await vi.waitFor(() => expect(events).toContain('news 2'))
    expect((await client.send(({ userId }) => userId)).value).toBe('ada')
  })

  it('gives nothing of a session that ended meanwhile to whoever logs in on that browser next', async () => {
    const { socket, recovered, io, events, client } = await broken()
    io.to('user:ada').emit('secret', 'for ada')
    await client.send((session) => session.logout())
    await client.send((session) => session.login('bob'))
    Object.assign(socket.io.opts.extraHeaders ?? {}, { cookie: cookieOf(client) })
    expect(await recovered).toBe(false)
    await vi.waitFor(() => expect(events).toContain('hello "bob"'))
    expect(events.join()).not.toContain('secret')
    expect(io.sockets.adapter.rooms.has('user:ada')).toBe(false)
  })

  it('that skips the middleware throws ERR_OPTION', async () => {
    const { world } = await loggedIn()
    await expect(serve(world.sessions, { server: { connectionStateRecovery: {} } })).rejects.toMatchObject({
      code: 'ERR_OPTION',
    })
  })
})

describe('options', () => {
  it('a server that is not attached, and an unknown option, throw ERR_OPTION', async () => {
    const { world } = await loggedIn()
    expect(() => liveSocketIo(world.sessions, { io: new Server() })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
    await expect(serve(world.sessions, { perSessions: 1 } as Options)).rejects.toMatchObject({ code: 'ERR_OPTION' })
  })
})
