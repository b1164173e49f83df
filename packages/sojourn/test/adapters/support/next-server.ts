import './next-globals.ts'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSessions } from 'sojourn'
import * as adapter from 'sojourn/next'
import { IDLE, type Shared, share } from '../next-app/shared.ts'
import { buildNext } from './next-build.ts'
import { listen } from './node-reply.ts'

export interface NextServer {
  readonly origin: string
  /** Tests set its members. */
  readonly shared: Shared
  /** Serves a request of another server. */
  handle(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

/**
 * Serves the build in this process, so that tests reach the sessions and the store of the application. `next-guide` is the
 * application of the page about Next.js, and more pages.
 */
export async function startNext(name: 'next-app' | 'next-guide' = 'next-app'): Promise<NextServer> {
  const dir = await buildNext(name)
  const shared: Shared = { ...IDLE, next: adapter, sessions: createSessions() }
  share(shared)
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown = () => {}
  const server = await listen(createServer((request, response) => handle(request, response)))
  const { hostname, port } = new URL(server.origin)
  const { NODE_ENV } = process.env
  const { fetch } = globalThis
  // What `next start` sets. Next and React choose their builds by it when they are loaded.
  Object.assign(process.env, { NODE_ENV: 'production' })
  const { default: next } = await import('next')
  // Next calls itself for the page that an action redirects to.
  const app = next({ dev: false, dir, quiet: true, hostname, port: +port })
  await app.prepare()
  handle = app.getRequestHandler()
  for (const path of name === 'next-app' ? ['/', '/hook'] : ['/shop', '/api/me'])
    await (await fetch(server.origin + path)).text()
  Object.assign(process.env, { NODE_ENV })
  // Next replaces it by one that reads on after its caller has hung up.
  Object.assign(globalThis, { fetch })
  return {
    origin: server.origin,
    shared,
    handle: (request, response) => void handle(request, response),
    async close() {
      await server.close()
      await app.close()
    },
  }
}
