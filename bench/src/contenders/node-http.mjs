import { once } from 'node:events'

/**
 * @param {import('node:http').ServerResponse} res
 * @param {unknown} value
 * @param {number} [status]
 */
export function sendJson(res, value, status = 200) {
  const body = JSON.stringify(value)
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  res.end(body)
}

/** @param {import('node:http').IncomingMessage} req */
export function queryOf(req) {
  return new URL(req.url ?? '/', 'http://localhost').searchParams
}

/** @param {import('node:http').IncomingMessage} req `GET /path`, without the query. */
export function routeOf(req) {
  const url = req.url ?? '/'
  const end = url.indexOf('?')
  return `${req.method} ${end < 0 ? url : url.slice(0, end)}`
}

/**
 * @param {import('node:http').Server} server
 * @returns {Promise<import('../contenders.mjs').Running>}
 */
export async function listen(server) {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  // The load keeps its connections while the others have their turn. The default is five seconds.
  server.keepAliveTimeout = 600_000
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A contender must listen on a port.')
  return {
    port: address.port,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
