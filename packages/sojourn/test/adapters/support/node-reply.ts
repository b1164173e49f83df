import { once } from 'node:events'
import type { Server as HttpServer, ServerResponse } from 'node:http'
import type { Http2Server, Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { AdapterReply, AdapterServer } from '@sojourn/conformance'

type NodeResponse = ServerResponse | Http2ServerResponse

/** A typical handler of a node server. */
export async function writeReply(to: NodeResponse, { status = 200, headers = [], body }: AdapterReply): Promise<void> {
  // Both kinds take the same calls; TypeScript cannot see it through their overloads.
  const response = to as ServerResponse
  response.statusCode = status
  for (const [name, value] of toHeaderMap(headers)) response.setHeader(name, value)
  if (body === undefined || typeof body === 'string') {
    response.end(body)
    return
  }
  if (headers.some(([, value]) => value === 'text/event-stream')) response.flushHeaders()
  for await (const piece of body) {
    if (!response.write(piece)) await drained(response)
  }
  response.end()
}

/** Ready for more, or gone. */
async function drained(response: ServerResponse): Promise<void> {
  const done = new AbortController()
  const { signal } = done
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
  done.abort()
}

export function toHeaderMap(headers: NonNullable<AdapterReply['headers']>): Map<string, string | string[]> {
  const map = new Map<string, string | string[]>()
  for (const [name, value] of headers) {
    const before = map.get(name)
    map.set(name, before === undefined ? value : [before, value].flat())
  }
  return map
}

/** The usual error handling without a framework. */
export function writeError(response: NodeResponse): void {
  if (response.headersSent) return void response.destroy()
  response.statusCode = 500
  response.end('Internal error')
}

export async function listen(server: HttpServer | Http2Server): Promise<AdapterServer> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
    },
  }
}
