import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'

/** A server with DynamoDB's protocol, in this process, that forgets everything when it stops. */
export interface Dynalite {
  readonly endpoint: string
  readonly port: number
  client(config?: DynamoDBClientConfig): DynamoDBClient
  /** Another way to it, that can be cut. */
  line(): Promise<Line>
  stop(): Promise<void>
}

export interface Line {
  readonly endpoint: string
  cut(): void
}

export async function startDynalite(): Promise<Dynalite> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 })
  const port = await listen(server)
  const clients: DynamoDBClient[] = []
  const lines: Line[] = []
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    client(config = {}) {
      const credentials = { accessKeyId: 'none', secretAccessKey: 'none' }
      const endpoint = `http://127.0.0.1:${port}`
      const client = new DynamoDBClient({ region: 'eu-central-1', endpoint, credentials, ...config })
      clients.push(client)
      return client
    },
    async line() {
      const line = await openLine(port)
      lines.push(line)
      return line
    },
    async stop() {
      for (const client of clients) client.destroy()
      for (const line of lines) line.cut()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function openLine(port: number): Promise<Line> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    near.pipe(far).pipe(near)
  })
  const endpoint = `http://127.0.0.1:${await listen(server)}`
  return {
    endpoint,
    cut() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
