import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, to cut them off from each other. */
export interface TcpProxy {
  readonly port: number
  /** How many connections were made so far. */
  readonly connections: number
  /** Cuts every connection and refuses new ones, until `mend`. */
  cut(): void
  mend(): Promise<void>
  /** Lets so many replies pass, and this many bytes of the next, then cuts that connection: the server has done what it was asked. */
  cutNextReplyAfter(bytes: number, replies?: number): void
  close(): Promise<void>
}

export async function startProxy(target: number): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let connections = 0
  let allowance: number | null = null
  let passing = 0

  const server = createServer((client) => {
    connections++
    const upstream = connect(target, '127.0.0.1')
    const both = [client, upstream]
    const end = (): void => {
      for (const socket of both) {
        socket.destroy()
        open.delete(socket)
      }
    }
    for (const socket of both) {
      open.add(socket)
      socket.on('error', end).on('close', end)
    }
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      if (allowance === null || passing-- > 0) return void client.write(chunk)
      const part = chunk.subarray(0, allowance)
      allowance = null
      client.write(part, end)
    })
  })
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => void server.listen(port, '127.0.0.1', () => resolve()))
  await listen(0)
  const { port } = server.address() as AddressInfo

  const cut = (): void => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return {
    port,
    get connections() {
      return connections
    },
    cut,
    mend: () => listen(port),
    cutNextReplyAfter(bytes, replies = 0) {
      allowance = bytes
      passing = replies
    },
    close: async () => cut(),
  }
}
