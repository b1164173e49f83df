import { fastify } from 'fastify'
import { answerOf, nextContent } from '../work.mjs'
import { createBound, hashOf, newToken, setCookieOf, whenThere } from './bound.mjs'
import { listen } from './node-http.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const sessions = await createBound(options)
  const app = fastify()
  app.decorateRequest('key', null)
  app.decorateRequest('session', null)
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.headers.cookie === undefined) return done()
    request.key = sessions.keyOf(request.headers.cookie)
    whenThere(sessions.get(request.key), (session) => {
      request.session = session
      done()
    })
  })
  app.get('/read', (request) => answerOf(request.session))
  app.post('/write', async (request) => {
    request.session.n += 1
    const stored = sessions.put(request.key, request.session)
    if (stored !== undefined) await stored
    return answerOf(request.session)
  })
  app.post('/new', async (_request, reply) => {
    const token = newToken()
    const session = nextContent()
    const stored = sessions.put(hashOf(token), session)
    if (stored !== undefined) await stored
    reply.header('set-cookie', setCookieOf(token))
    return answerOf(session)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return listen(app.server)
}
