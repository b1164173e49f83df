import { fastify } from 'fastify'
import { BARE_ANSWER, BARE_COOKIE } from '../work.mjs'
import { listen } from './node-http.mjs'

export async function start() {
  const app = fastify()
  app.get('/read', () => BARE_ANSWER)
  app.post('/write', () => BARE_ANSWER)
  app.post('/new', (_request, reply) => {
    reply.header('set-cookie', BARE_COOKIE)
    return BARE_ANSWER
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return listen(app.server)
}
