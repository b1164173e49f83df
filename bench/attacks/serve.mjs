/** Servers that give the shop's routes to Express and to `node:http`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { answer, createState } from './shop.mjs'

/**
 * @typedef {object} Target An application that is attacked.
 * @property {number} port
 * @property {import('./shop.mjs').State} state
 * @property {() => string | Promise<string>} stored everything in its store, as a copy shows it
 * @property {() => unknown} close
 */

/**
 * @template Request
 * @param {import('express').Express} app with the library mounted
 * @param {import('./shop.mjs').Operations<Request>} operations
 * @param {Target['stored']} stored
 */
export async function startExpress(app, operations, stored) {
  const state = createState()
  app.use(async (request, response) => {
    const form = new URLSearchParams(await text(request))
    const route = `${request.method} ${request.url}`
    const session = /** @type {Request} */ (/** @type {unknown} */ (request))
    const { status, body, isPublic } = await answer(state, operations, route, session, form.get('user') ?? '')
    if (isPublic === true) response.setHeader('cache-control', 'public, max-age=3600')
    response.status(status).send(body)
  })
  // Failures are answered without a stack on the console.
  app.use(
    /** @type {import('express').ErrorRequestHandler} */
    (_error, _request, response, _next) =>
      void (response.headersSent ? response.destroy() : response.status(500).end()),
  )
  return listen(createServer(app), state, stored)
}

/**
 * @template Session
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<Session>} open
 * @param {import('./shop.mjs').Operations<Session>} operations
 * @param {Target['stored']} stored
 */
export async function startNode(open, operations, stored) {
  const state = createState()
  const server = createServer(async (request, response) => {
    try {
      const form = new URLSearchParams(await text(request))
      const session = await open(request, response)
      const route = `${request.method} ${request.url}`
      const { status, body, isPublic } = await answer(state, operations, route, session, form.get('user') ?? '')
      if (isPublic === true) response.setHeader('cache-control', 'public, max-age=3600')
      response.writeHead(status).end(body)
    } catch {
      response.writeHead(500).end()
    }
  })
  return listen(server, state, stored)
}

/**
 * @param {import('node:http').Server} server
 * @param {import('./shop.mjs').State} state
 * @param {Target['stored']} stored
 * @returns {Promise<Target>}
 */
async function listen(server, state, stored) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { port, state, stored, close }
}
