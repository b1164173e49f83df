import { once } from 'node:events'
import type { ServerType } from '@hono/node-server'
import type { AdapterReply, AdapterServer } from '@sojourn/conformance'

/** The return value of a handler of a fetch-style server. */
export function toWebResponse({ status = 200, headers = [], body }: AdapterReply): Response {
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  if (body === undefined || typeof body === 'string') return new Response(body ?? null, init)
  return new Response(toStream(body), init)
}

/** One piece at a time, each only when asked for. */
function toStream(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

export async function toServer(
  start: (listening: (info: { port: number }) => void) => ServerType,
): Promise<AdapterServer> {
  let port = 0
  const server = start((info) => {
    port = info.port
  })
  if (port === 0) await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
    },
  }
}
