import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Running = { port: number; stop(): Promise<void> }

/** `stop` accepts no new connections, and resolves when the requests in flight are answered. */
export async function listen(server: Server, wanted: number): Promise<Running> {
  await once(server.listen(wanted), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}
