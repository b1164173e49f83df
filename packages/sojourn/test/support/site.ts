import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Browser, chromium } from 'playwright-core'
import { generate } from 'selfsigned'
import type { RequestView } from 'sojourn'

export type Handle = (request: IncomingMessage, response: ServerResponse, view: RequestView) => void

/** One handler behind plain HTTP and behind HTTPS, for whatever host a browser asks. */
export interface Site {
  /** `site.http('shop.example', '/cart')` */
  http(host: string, path: string): string
  https(host: string, path: string): string
  close(): Promise<void>
}

/** `onHandshake`: sees what asks for another protocol; the connection is closed then. */
export async function startSite(handle: Handle, onHandshake: (view: RequestView) => void = () => {}): Promise<Site> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => handle(request, response, viewOf(request))
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
  })
  const plain = createServer(onRequest)
  const secure = createSecureServer({ key, cert }, onRequest)
  for (const server of [plain, secure]) {
    server.on('upgrade', (request: IncomingMessage) => {
      onHandshake(viewOf(request))
      request.socket.destroy()
    })
  }
  const [plainPort, securePort] = await Promise.all([listen(plain), listen(secure)])
  return {
    http: (host, path) => `http://${host}:${plainPort}${path}`,
    https: (host, path) => `https://${host}:${securePort}${path}`,
    async close() {
      for (const server of [plain, secure]) {
        server.closeAllConnections()
        await new Promise((closed) => server.close(closed))
      }
    },
  }
}

/** Chromium, for which every host under `.example` is this machine. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    chromiumSandbox: false,
    args: ['--host-resolver-rules=MAP *.example 127.0.0.1'],
  })
}

function viewOf(request: IncomingMessage): RequestView {
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    secure: request.socket instanceof TLSSocket,
    peer: request.socket.remoteAddress ?? null,
    header(name) {
      const value = request.headers[name]
      return typeof value === 'string' ? value : null
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return (server.address() as AddressInfo).port
}
