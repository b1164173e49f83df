import { createServer } from 'node:http'
import { connect } from 'node:net'
import { Server } from 'socket.io'
import { liveSocketIo } from 'sojourn/live/socket-io'
import { liveWebSockets } from 'sojourn/live/ws'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AnySessions, dial, HOST, loggedIn, onClose, said, start } from './kit.ts'

afterEach(() => void vi.useRealTimers())

const UPGRADE = [
  `Host: ${HOST}`,
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n')

/** Sends bytes, and resolves with all that is answered until the server closes the connection. */
function raw(address: string, text: string): Promise<string> {
  const [host = '', port = ''] = address.split(':')
  const socket = connect(Number(port), host)
  onClose(() => socket.destroy())
  socket.on('error', () => {})
  let answer = ''
  socket.on('data', (bytes) => {
    answer += String(bytes)
  })
  socket.write(text)
  return new Promise((resolve) => socket.once('close', () => resolve(answer)))
}

describe('ws', () => {
  it.each(['/chat', '/other'])(
    'an upgrade of %s behind a request that is not answered yet loses its connection, and ends no process',
    async (path) => {
      const { world } = await loggedIn()
      const { server, address } = await start(createServer(() => {}))
      liveWebSockets(world.sessions, { server, path: '/chat' })
      const slow = `GET /slow HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`
      // Vitest fails for an error that nobody catches.
      expect(await raw(address, `${slow}GET ${path} HTTP/1.1\r\n${UPGRADE}\r\n\r\n`)).toBe('')
    },
  )

  it('behind a request that was answered, it is answered too', async () => {
    const { world } = await loggedIn()
    const { server, address } = await start(createServer((_, response) => response.end('done')))
    liveWebSockets(world.sessions, { server })
    const upgrade = `GET /chat HTTP/1.1\r\n${UPGRADE}\r\n\r\n`
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
    onClose(() => socket.destroy())
    let answer = ''
    socket.on('data', (bytes) => {
      answer += String(bytes)
    })
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)
    await vi.waitFor(() => expect(answer).toContain('200 OK'))
    socket.write(upgrade)
    await vi.waitFor(() => expect(answer).toContain('HTTP/1.1 403'))
  })

  it('of two on one server, a path of neither gets 404, and each keeps its own', async () => {
    const { world, client } = await loggedIn()
    const { server, address } = await start()
    const chat = liveWebSockets(world.sessions, { server, path: '/chat' })
    liveWebSockets(world.sessions, { server, path: '/news' })
    expect(await raw(address, `GET /other HTTP/1.1\r\n${UPGRADE}\r\n\r\n`)).toMatch(/^HTTP\/1.1 404/)
    const cookie = client.cookie()
    expect((await dial(address, { cookie, path: '/chat' })).status).toBe(101)
    expect((await dial(address, { cookie, path: '/news' })).status).toBe(101)
    await chat.close()
    expect((await dial(address, { cookie, path: '/chat' })).status).toBe(404)
  })

  it.each([
    ['/chat', '/chat'],
    [undefined, '/chat'],
    ['/chat', undefined],
  ])(
    'two that would both answer one path (%s, %s) throw ERR_OPTION, instead of an error at each handshake',
    async (one, two) => {
      const { world } = await loggedIn()
      const { server } = await start()
      liveWebSockets(world.sessions, { server, ...(one && { path: one }) })
      expect(() => liveWebSockets(world.sessions, { server, ...(two && { path: two }) })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }),
      )
    },
  )
})

async function serveIo(sessions: AnySessions) {
  const http = createServer()
  const io = new Server(http)
  const live = liveSocketIo(sessions, { io })
  const { address } = await start(http)
  onClose(() => io.close())
  return { io, live, address }
}

const ENGINE = '/socket.io/?EIO=4&transport=websocket'

describe('Socket.IO', () => {
  it('1 Ended is ended: a client that joins its namespace late is disconnected all the same', async () => {
    const { world, client, id } = await loggedIn()
    const { address, live } = await serveIo(world.sessions)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { socket, closed, messages } = await dial(address, { path: ENGINE, cookie: client.cookie() })
    await vi.waitFor(() => expect(messages).toHaveLength(1))
    vi.advanceTimersByTime(20_000)
    expect(live.size).toBe(1)
    socket.send('40')
    expect(await said(socket)).toMatch(/^40/)
    vi.useRealTimers()
    await world.sessions.revoke(id)
    await closed
    await vi.waitFor(() => expect(live.size).toBe(0))
  })

  it('in a dynamic namespace, no middleware of the application runs for a client that is refused', async () => {
    const { world } = await loggedIn()
    const { address, io } = await serveIo(world.sessions)
    const middleware = vi.fn((_, next: () => void) => next())
    io.of(/^\/room-\d+$/).use(middleware)
    const { socket, messages } = await dial(address, { path: ENGINE })
    await vi.waitFor(() => expect(messages).toHaveLength(1))
    socket.send('40/room-1,')
    expect(await said(socket)).toMatch(/^44\/room-1/)
    expect(middleware).not.toHaveBeenCalled()
  })
})
