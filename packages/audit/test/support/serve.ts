import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
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
