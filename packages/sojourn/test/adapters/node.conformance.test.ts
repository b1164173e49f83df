import { createServer } from 'node:http'
import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import connect from 'connect'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { testCases } from '../support/run-cases.ts'
import { serveHttp2 } from './support/http2.ts'
import { listen, writeError, writeReply } from './support/node-reply.ts'

const serveNode: AdapterContext['serve'] = (sessions, handle) =>
  listen(
    createServer(
      withNodeSession(sessions, async (request, response, session) => {
        try {
          await writeReply(response, await handle(session, { method: request.method ?? '', url: request.url ?? '' }))
        } catch {
          writeError(response)
        }
      }),
    ),
  )

const serveConnect: AdapterContext['serve'] = (sessions, handle) => {
  const app = connect()
  app.use(nodeSessions(sessions))
  app.use((request, response, next) => {
    const received = { method: request.method ?? '', url: request.url ?? '' }
    Promise.resolve(handle(sessions.get(request), received))
      .then((reply) => writeReply(response, reply))
      .catch(next)
  })
  return listen(createServer(app))
}

testCases('node:http', adapterCases, { serve: serveNode, errorPages: true })
testCases('Connect', adapterCases, { serve: serveConnect, errorPages: true })
testCases('node:http2, compatibility API', adapterCases, { serve: serveHttp2, errorPages: true })
