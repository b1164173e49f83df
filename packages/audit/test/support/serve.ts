import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { generate } from 'selfsigned'

export interface Served {
  readonly url: string
  close(): Promise<void>
}

/** A real server on a free port. */
export async function serve(listener: RequestListener): Promise<Served> {
  return listen(createServer(listener), 'http')
}

/** The same over TLS, with a certificate that nobody vouches for. */
export async function serveTls(listener: RequestListener): Promise<Served> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }])
  return listen(createTlsServer({ key, cert }, listener), 'https')
}

/** TLS and plain http at one address. The first byte distinguishes them: a TLS handshake begins with 22. */
export async function serveTlsAndPlain(listener: RequestListener): Promise<Served> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }])
  const servers = { tls: createTlsServer({ key, cert }, listener), plain: createServer(listener) }
  const sockets = new Set<Socket>()
  const door = createTcpServer((socket) => {
    sockets.add(socket)
    socket.once('error', () => socket.destroy())
    socket.once('readable', () => {
      const first: Buffer | null = socket.read(1)
      if (first === null) return socket.destroy()
      socket.unshift(first)
      return (first[0] === 22 ? servers.tls : servers.plain).emit('connection', socket)
    })
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(door.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => door.close(resolve))
    },
  }
}

export async function listen(server: Server, protocol: string): Promise<Served> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
