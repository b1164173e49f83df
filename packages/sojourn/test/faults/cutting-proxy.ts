import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a store and its server, and passes everything on, until it is told not to. */
export interface CuttingProxy {
  readonly port: number
  /** Every connection ends in the middle of the next reply on it, and new ones are refused for this long. */
  cut(ms: number): Promise<void>
  close(): Promise<void>
}

/** @param target the server's port, on the loopback address */
export async function cuttingProxy(target: number): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isCutting = false

  const server = createServer((client) => {
    if (isCutting) return void client.destroy()
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true })
    const pair = [client, upstream] as const
    pairs.add(pair)
    const part = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of pair) socket.on('error', part).on('close', part)
    client.setNoDelay(true).on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      if (!isCutting) return void client.write(chunk)
      client.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), part)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    port: (server.address() as AddressInfo).port,
    async cut(ms) {
      isCutting = true
      await new Promise((resolve) => setTimeout(resolve, ms))
      // Whoever had nothing to be told loses the connection too.
      for (const [client, upstream] of pairs) {
        client.destroy()
        upstream.destroy()
      }
      isCutting = false
    },
    async close() {
      for (const [client, upstream] of pairs) {
        client.destroy()
        upstream.destroy()
      }
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
