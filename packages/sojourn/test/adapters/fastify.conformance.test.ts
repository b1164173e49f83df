import { Readable } from 'node:stream'
import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import Fastify from 'fastify'
import { fastifySessions } from 'sojourn/fastify'
import { testCases } from '../support/run-cases.ts'
import { toHeaderMap, writeReply } from './support/node-reply.ts'

/** Replies as Fastify's users write them, or written by hand after `reply.hijack()`. */
function serveOn(how: 'reply' | 'hijack'): AdapterContext['serve'] {
  return async (sessions, handle) => {
    const app = Fastify({ forceCloseConnections: true })
    app.register(fastifySessions, { sessions })
    app.all('/*', async (request, reply) => {
      const answer = await handle(sessions.get(request), { method: request.method, url: request.url })
      if (how === 'hijack') {
        reply.hijack()
        await writeReply(reply.raw, answer)
        return reply
      }
      reply.code(answer.status ?? 200)
      for (const [name, value] of toHeaderMap(answer.headers ?? [])) reply.header(name, value)
      const { body } = answer
      return reply.send(body === undefined || typeof body === 'string' ? body : Readable.from(body))
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    return { origin, close: () => app.close() }
  }
}

testCases('Fastify 5', adapterCases, { serve: serveOn('reply'), errorPages: true })
testCases('Fastify 5, hijacked', adapterCases, { serve: serveOn('hijack'), errorPages: true })
