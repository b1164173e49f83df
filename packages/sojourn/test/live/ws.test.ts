import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { memoryStore, type SessionId } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { type LiveWebSocketsOptions, liveWebSockets } from 'sojourn/live/ws'
import { nearCache } from 'sojourn/stores/near-cache'
import { describe, expect, it, vi } from 'vitest'
import { type Client, createClient, HOUR, MINUTE, type TestData } from '../core/kit.ts'
import { hookStore } from '../core/kit-store.ts'
import { round } from '../core/kit-watch.ts'
import { type AnySessions, dial, HOST, loggedIn, logIn, OWN, onClose, said, start } from './kit.ts'

type Options = Partial<LiveWebSocketsOptions>

/** A server whose sockets greet the user, and store what they are told as the draft. */
async function serve(sessions: AnySessions, options: Options = {}) {
  const { server, address } = await start()
  const sockets = liveWebSockets(sessions, { server, ...options })
  onClose(() => sockets.close())
  const heard: string[] = []
  sockets.on('connection', (socket, session) => {
    socket.on('message', async (data) => {
      const text = String(data)
      heard.push(text)
      if (text === 'who') {
        await session.reload()
        socket.send(`${session.userId} ${session.refused}`)
        return
      }
      if (text === 'login') {
        const { code } = await session.login('eve').then(
          () => ({ code: 'logged in' }),
          (error: { code: string }) => error,
        )
        return socket.send(code)
      }
      if (text === 'logout') return session.logout()
      session.data.draft = text
      await session.save()
      socket.send(`saved ${text}`)
    })
    socket.send(`hello ${session.userId}`)
  })
  return { sockets, server, address, heard }
}

/** Two processes with near caches on one bus. */
async function cluster(bus = memoryBus()) {
  const shared = hookStore(memoryStore())
  const { world, client, id } = await loggedIn({ store: nearCache(shared, { bus }) })
  const there = world.node({ store: nearCache(shared, { bus }) })
  onClose(() => world.sessions.close())
  onClose(() => there.close())
  return { world, client, id, there, shared }
}

/** A handshake that `ws` itself refuses. */
async function fetchUpgrade(address: string, headers: Record<string, string>): Promise<{ status: number }> {
  const upgrade = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
  const request = get(`http://${address}/chat`, { headers: { ...upgrade, ...headers } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  return { status: response.statusCode ?? 0 }
}

const cookieOf = (client: Client<TestData>): { cookie: string } => ({ cookie: client.cookie() })

describe('cross-site WebSocket hijacking', () => {
  it.each<[string, string | null, Record<string, string>]>([
    ['a foreign Origin', 'https://evil.example', {}],
    ['a sibling host', 'https://evil.shop.example', {}],
    ['another port of the host', `${OWN}:8443`, {}],
    ['Origin: null', 'null', {}],
    ['no Origin, with a cookie', null, {}],
    ['an empty Origin', '', {}],
    ['an Origin that begins with ours', `${OWN}.evil.example`, {}],
    ['our Origin, but Sec-Fetch-Site tells another site', OWN, { 'sec-fetch-site': 'cross-site' }],
  ])('%s gets 403, and no listener runs', async (_, origin, headers) => {
    const { world, client } = await loggedIn()
    const { address, sockets } = await serve(world.sessions)
    const listener = vi.fn()
    sockets.on('connection', listener)
    expect((await dial(address, { ...cookieOf(client), origin, headers })).status).toBe(403)
    expect(listener).not.toHaveBeenCalled()
    expect(sockets.clients.size).toBe(0)
  })

  it('is refused also when the sessions check no origins', async () => {
    const { world, client } = await loggedIn({ insecureNoCrossOriginCheck: true })
    const { address } = await serve(world.sessions)
    expect((await dial(address, { ...cookieOf(client), origin: 'https://evil.example' })).status).toBe(403)
    expect((await dial(address, cookieOf(client))).status).toBe(101)
  })

  it('a page of a trusted origin connects, of the option or of crossOrigin, and nothing else does', async () => {
    const { world, client } = await loggedIn({ crossOrigin: { trustedOrigins: ['https://admin.example'] } })
    const { address } = await serve(world.sessions, { trustedOrigins: ['https://app.example'] })
    const statusFrom = async (origin: string): Promise<number> =>
      (await dial(address, { ...cookieOf(client), origin, headers: { 'sec-fetch-site': 'cross-site' } })).status
    expect(await statusFrom('https://app.example')).toBe(101)
    expect(await statusFrom('https://admin.example')).toBe(101)
    expect(await statusFrom('https://evil.example')).toBe(403)
  })

  it('insecureNoOrigin lets clients without Origin connect with a cookie', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions, { insecureNoOrigin: true })
    expect((await dial(address, { ...cookieOf(client), origin: null })).status).toBe(101)
    expect((await dial(address, { ...cookieOf(client), origin: 'null' })).status).toBe(403)
  })
})

describe('a handshake', () => {
  it('without a login gets 401, and with the option it connects as nobody', async () => {
    const { world } = await loggedIn()
    expect((await dial((await serve(world.sessions)).address)).status).toBe(401)
    const open = await dial((await serve(world.sessions, { anonymous: true })).address)
    await vi.waitFor(() => expect(open.messages).toEqual(['hello null']))
  })

  it('with the cookie of an ended session gets 401', async () => {
    const { world, client, id } = await loggedIn()
    const { address } = await serve(world.sessions)
    await world.sessions.revoke(id)
    expect((await dial(address, cookieOf(client))).status).toBe(401)
  })

  it('while the store is down gets 503', async () => {
    const { world, client } = await loggedIn()
    const { address, sockets } = await serve(world.sessions)
    world.store.fail('read')
    expect((await dial(address, cookieOf(client))).status).toBe(503)
    expect(sockets.clients.size).toBe(0)
    expect((await dial(address, cookieOf(client))).status).toBe(101)
  })

  it.each(['//', '///', '/\\\\', '//a:b', '/%', '/other', '/chat/', '/chatt'])(
    'of the path %j ends no process, and gets an answer although nobody else handles upgrades',
    async (path) => {
      const { world, client } = await loggedIn()
      const { address } = await serve(world.sessions, { path: '/chat' })
      expect((await dial(address, { ...cookieOf(client), path })).status).toBe(404)
      expect((await dial(address, { ...cookieOf(client), path: '/chat' })).status).toBe(101)
    },
  )

  it('of another path is left to other handlers', async () => {
    const { world, client } = await loggedIn()
    const { address, server } = await serve(world.sessions, { path: '/chat' })
    server.on('upgrade', ({ url }, socket) => url === '/other' && socket.end('HTTP/1.1 418 Teapot\r\n\r\n'))
    expect((await dial(address, { ...cookieOf(client), path: '/chat?x=1' })).status).toBe(101)
    expect((await dial(address, { ...cookieOf(client), path: '/other' })).status).toBe(418)
  })

  it('renews the token: the 101 has the cookie, which opens the session afterwards, and the socket stays through it', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    world.clock.advance(20 * MINUTE)
    await client.send(() => {})
    world.clock.advance(20 * MINUTE)
    await client.send(() => {})
    world.clock.advance(25 * MINUTE)
    const before = client.token()
    const { socket, setCookies } = await dial(address, cookieOf(client))
    expect(setCookies).toHaveLength(1)
    client.receive(setCookies.map((value) => ({ name: 'set-cookie', value, how: 'append' })))
    expect(client.token()).not.toBe(before)
    const { value } = await client.send(({ userId }) => userId)
    expect(value).toBe('ada')
    expect(world.eventsOf('renewed')).toHaveLength(1)
    socket.send('who')
    expect(await said(socket, 'ada null')).toBe('ada null')
  })

  it('of a socket that outlives its token: renewals go on, and reload and save still find the session', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onClose(() => vi.useRealTimers())
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    const { socket } = await dial(address, cookieOf(client))
    for (let i = 0; i < 16; i++) {
      world.clock.advance(25 * MINUTE)
      await client.send(() => {})
      // `watch` reads the session again.
      await round()
    }
    expect(world.eventsOf('renewed').length).toBeGreaterThan(2)
    socket.send('who')
    expect(await said(socket, 'ada null')).toBe('ada null')
    socket.send('chapter')
    await said(socket, 'saved chapter')
    expect((await client.send(({ data }) => data.draft)).value).toBe('chapter')
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('cannot log in once it is open', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    const { socket } = await dial(address, cookieOf(client))
    socket.send('login')
    expect(await said(socket, 'ERR_NO_HEADERS')).toBe('ERR_NO_HEADERS')
  })
})

describe('1 Ended is ended: a logout that would leave the socket open', () => {
  it.each<[string, (of: Awaited<ReturnType<typeof loggedIn>>) => Promise<unknown>]>([
    ['a logout', ({ client }) => client.send((session) => session.logout())],
    ['a revocation', ({ world, id }) => world.sessions.revoke(id, 'stolen')],
    ['a new login in the same browser', ({ client }) => client.send((session) => session.login('ada'))],
    ['endAll', ({ world }) => world.sessions.endAll()],
  ])('%s closes it with 4401, and tells the client no more', async (_, end) => {
    const all = await loggedIn()
    const { address } = await serve(all.world.sessions)
    const { closed } = await dial(address, cookieOf(all.client))
    await end(all)
    expect(await closed).toEqual([4401, 'session ended'])
  })

  it('a logout on the socket itself', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    const { socket, closed } = await dial(address, cookieOf(client))
    socket.send('logout')
    expect(await closed).toEqual([4401, 'session ended'])
  })

  it('an end in another process, over the bus', async () => {
    const { client, id, world, there } = await cluster()
    const { address } = await serve(there)
    const { closed } = await dial(address, cookieOf(client))
    await world.sessions.revoke(id)
    expect((await closed)[0]).toBe(4401)
  })

  it('a thief who holds a socket when the user rotates the token, also in another process', async () => {
    const { client, there } = await cluster()
    const { address, heard } = await serve(there)
    const { closed, socket } = await dial(address, cookieOf(client))
    await client.send((session) => session.reauthenticated())
    expect((await closed)[0]).toBe(4401)
    expect(socket.readyState).toBe(socket.CLOSED)
    const fresh = await dial(address, cookieOf(client))
    fresh.socket.send('still here')
    await said(fresh.socket, 'saved still here')
    expect(heard).toEqual(['still here'])
  })

  it('the end of other sessions leaves it open', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    const { socket } = await dial(address, cookieOf(client))
    const other = createClient(world.sessions)
    await logIn(other, 'ada')
    await other.send((session) => session.logout())
    socket.send('hi')
    expect(await said(socket, 'saved hi')).toBe('saved hi')
  })

  it('a session that ends between the check of the handshake and the registration', async () => {
    const { client, id, world } = await loggedIn()
    const shared = hookStore(world.store)
    const { address, sockets } = await serve(world.node({ store: shared }))
    const listener = vi.fn()
    sockets.on('connection', listener)
    // The record is read and judged; it ends elsewhere before the answer arrives.
    const gate = shared.hold('read', 'after')
    const dialing = dial(address, cookieOf(client))
    await gate.reached
    await world.sessions.revoke(id)
    gate.release()
    expect((await dialing).status).toBe(401)
    expect(listener).not.toHaveBeenCalled()
  })

  it('a message that arrives with the end reaches no listener, and nothing is stored', async () => {
    const { world, client, id } = await loggedIn()
    const { address, heard, sockets } = await serve(world.sessions)
    const { socket } = await dial(address, cookieOf(client))
    const [server] = sockets.clients
    await world.sessions.revoke(id)
    server?.emit('message', Buffer.from('late'), false)
    expect(heard).toEqual([])
    expect(socket.readyState).not.toBe(socket.CLOSED)
  })

  it('a handler that meets ERR_SESSION_ENDED closes the socket, and the process lives', async () => {
    const { world, client, id } = await loggedIn()
    const elsewhere = world.node()
    const { address } = await serve(world.sessions)
    const { socket, closed } = await dial(address, cookieOf(client))
    // Another process, without a bus: this one has not heard of it.
    await elsewhere.revoke(id)
    socket.send('draft')
    expect(await closed).toEqual([4401, 'session ended'])
  })

  it('a client that ignores the close is cut after two seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onClose(() => vi.useRealTimers())
    const { world, client, id } = await loggedIn()
    const { address, sockets } = await serve(world.sessions)
    const { socket, closed } = await dial(address, cookieOf(client))
    // It reads nothing any more, so it does not answer the close.
    const { _socket: connection } = socket as unknown as { readonly _socket: import('node:net').Socket }
    connection.pause()
    connection.removeAllListeners('data')
    await world.sessions.revoke(id)
    await vi.advanceTimersByTimeAsync(1_999)
    expect(sockets.clients.size).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await vi.waitFor(() => expect(sockets.clients.size).toBe(0))
    connection.resume()
    socket.terminate()
    await closed
  })
})

describe('limits', () => {
  it('one connection too many of a session gets 429, and a closed one makes room', async () => {
    const { world, client } = await loggedIn()
    const { address, sockets } = await serve(world.sessions, { perSession: 2 })
    const first = await dial(address, cookieOf(client))
    await dial(address, cookieOf(client))
    expect((await dial(address, cookieOf(client))).status).toBe(429)
    first.socket.close()
    await first.closed
    await vi.waitFor(() => expect(sockets.clients.size).toBe(1))
    expect((await dial(address, cookieOf(client))).status).toBe(101)
  })

  it('parallel handshakes count each other', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions, { perSession: 3 })
    const all = await Promise.all(Array.from({ length: 20 }, () => dial(address, cookieOf(client))))
    expect(all.filter(({ status }) => status === 101)).toHaveLength(3)
  })

  it('count all sessions of a user', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions, { perUser: 1 })
    const other = createClient(world.sessions)
    await logIn(other, 'ada')
    const bob = createClient(world.sessions)
    await logIn(bob, 'bob')
    expect((await dial(address, cookieOf(client))).status).toBe(101)
    expect((await dial(address, cookieOf(other))).status).toBe(429)
    expect((await dial(address, cookieOf(bob))).status).toBe(101)
  })

  it("over: 'close-oldest' closes the oldest with 4409", async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions, { perSession: 1, over: 'close-oldest' })
    const first = await dial(address, cookieOf(client))
    const second = await dial(address, cookieOf(client))
    expect(await first.closed).toEqual([4409, 'replaced'])
    expect(second.status).toBe(101)
    expect(second.socket.readyState).toBe(second.socket.OPEN)
  })

  it('handshakes that fail keep no place', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions, { perSession: 1 })
    const { status } = await fetchUpgrade(address, {
      ...cookieOf(client),
      host: HOST,
      origin: OWN,
      'sec-websocket-version': '7',
    })
    expect(status).toBe(400)
    await vi.waitFor(async () => expect((await dial(address, cookieOf(client))).status).toBe(101))
  })

  it('hundreds of connections of one session are all closed when it ends', async () => {
    const { world, client, id } = await loggedIn()
    const { address, sockets } = await serve(world.sessions, { perSession: 5000, perUser: 5000 })
    const all = []
    for (let i = 0; i < 10; i++) {
      all.push(...(await Promise.all(Array.from({ length: 30 }, () => dial(address, cookieOf(client))))))
    }
    expect(sockets.clients.size).toBe(300)
    await world.sessions.revoke(id)
    const codes = await Promise.all(all.map(({ closed }) => closed))
    expect(new Set(codes.map(([code]) => code))).toEqual(new Set([4401]))
  })
})

describe('activity', () => {
  it.each([
    [true, 'ada'],
    [false, null],
  ] as const)('extendsSession: %s', async (extendsSession, expected) => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions, { extendsSession })
    const { socket } = await dial(address, cookieOf(client))
    for (let i = 0; i < 4; i++) {
      world.clock.advance(20 * MINUTE)
      if (i > 0 && !extendsSession) continue
      const answered = said(socket, 'saved hi')
      socket.send('hi')
      await answered
      await vi.waitFor(async () => expect(socket.readyState).toBe(socket.OPEN))
    }
    expect((await client.send(({ userId }) => userId)).value).toBe(expected)
  })

  it('messages write the last-seen time once a minute, and not beyond the absolute limit', async () => {
    const { world, client, id } = await loggedIn()
    const { address } = await serve(world.sessions, { extendsSession: true })
    const { socket, closed } = await dial(address, cookieOf(client))
    world.clock.advance(2 * MINUTE)
    world.store.calls.length = 0
    for (const text of ['who', 'who', 'who']) socket.send(text)
    await said(socket)
    await vi.waitFor(() => expect(world.store.count('write')).toBe(1))
    for (let i = 0; i < 24; i++) {
      world.clock.advance(29 * MINUTE)
      socket.send('who')
      await said(socket)
    }
    world.clock.advance(HOUR)
    socket.send('text')
    expect((await closed)[0]).toBe(4401)
    expect((await world.kept(id as SessionId))?.kind).toBe('live')
    expect((await client.send(({ userId }) => userId)).value).toBe(null)
  })
})

describe('close', () => {
  it('closes the sockets with 1001, and handles no more upgrades', async () => {
    const { world, client } = await loggedIn()
    const { sockets, address, server } = await serve(world.sessions)
    const { closed } = await dial(address, cookieOf(client))
    await sockets.close()
    expect(await closed).toEqual([1001, 'going away'])
    expect(server.listenerCount('upgrade')).toBe(0)
  })

  it('a client that sends a broken frame loses its socket only', async () => {
    const { world, client } = await loggedIn()
    const { address } = await serve(world.sessions)
    const { socket, closed } = await dial(address, cookieOf(client))
    const { _socket: connection } = socket as unknown as { readonly _socket: import('node:net').Socket }
    connection.write(Buffer.from([0x81, 0x02, 0x68, 0x69])) // not masked, which RFC 6455 5.1 demands of clients
    await closed
    expect((await dial(address, cookieOf(client))).status).toBe(101)
  })

  it('a client that answers no ping is cut', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onClose(() => vi.useRealTimers())
    const { world, client } = await loggedIn()
    const { address, sockets } = await serve(world.sessions, { heartbeat: '10s' })
    const { closed } = await dial(address, { ...cookieOf(client), ws: { autoPong: false } })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sockets.clients.size).toBe(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await closed)[0]).toBe(1006)
  })
})

describe('options', () => {
  it.each<[string, object]>([
    ['an unknown one', { perSessions: 3 }],
    ['a limit of 0', { perSession: 0 }],
    ['a limit that is no number', { perUser: Number.NaN }],
    ['a trusted origin with a path', { trustedOrigins: [`${HOST}/chat`] }],
  ])('%s throws ERR_OPTION', async (_, options) => {
    const { world } = await loggedIn()
    const { server } = await start()
    expect(() => liveWebSockets(world.sessions, { server, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })
})
