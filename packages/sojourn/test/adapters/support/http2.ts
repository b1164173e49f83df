import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AdapterContext } from '@sojourn/conformance'
import { withNodeSession } from 'sojourn/node'
import { listen, writeError, writeReply } from './node-reply.ts'

/** An HTTP/2 server, behind a bridge, for `fetch` of node 20 speaks HTTP/1 only. */
export const serveHttp2: AdapterContext['serve'] = async (sessions, handle) => {
  const server = await listen(
    createHttp2Server(
      withNodeSession(sessions, async (request: Http2ServerRequest, response: Http2ServerResponse, session) => {
        try {
          await writeReply(response, await handle(session, { method: request.method, url: request.url }))
        } catch {
          writeError(response)
        }
      }),
    ),
  )
  const client = connect(server.origin)
  client.on('error', () => {})
  const front = await listen(createServer((request, response) => forward(client, request, response)))
  return {
    origin: front.origin,
    close() {
      front.close()
      client.destroy()
      return server.close()
    },
  }
}

function forward(client: ClientHttp2Session, request: IncomingMessage, response: ServerResponse): void {
  const { host = '', connection: _, 'keep-alive': __, ...headers } = request.headers
  const stream = client.request({
    ...headers,
    ':authority': host,
    ':method': request.method ?? 'GET',
    ':path': request.url ?? '/',
  })
  request.pipe(stream)
  stream.on('error', () => response.destroy())
  stream.on('response', ({ ':status': status = 500, ...received }) => {
    for (const [name, value] of Object.entries(received))
      if (!name.startsWith(':')) response.setHeader(name, value ?? '')
    response.writeHead(status)
    response.flushHeaders()
    stream.pipe(response)
  })
  // A response that was aborted behind the bridge must be aborted in front of it.
  stream.on('close', () => stream.readableEnded || response.destroy())
  response.on('close', () => response.writableFinished || stream.close())
}
