import { fastify } from 'fastify'
import { fastifySessions } from 'sojourn/fastify'
import { answerOf, countRaceKeys, nextContent, slowWork, work } from '../work.mjs'
import { listen } from './node-http.mjs'
import { sessionsOn } from './sojourn-sessions.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const app = fastify()
  app.register(fastifySessions, { sessions: await sessionsOn(options) })

  app.get('/read', (request) => answerOf(request.session.data))
  app.post('/write', (request) => {
    request.session.data.n += 1
    return answerOf(request.session.data)
  })
  app.post('/new', (request) => {
    Object.assign(request.session.data, nextContent())
    return answerOf(request.session.data)
  })

  app.post('/add', async (request) => {
    await work(request.query.ms)
    request.session.data[request.query.key] = 1
    return {}
  })
  app.get('/keys', (request) => countRaceKeys(Object.keys(request.session.data)))
  app.post('/login', async (request) => {
    await request.session.login('ada')
    return {}
  })
  app.post('/slow', async (request) => {
    await slowWork()
    if (request.query.write === '1') request.session.data.seen = 1
    return {}
  })
  app.post('/logout', async (request) => {
    await request.session.logout()
    return {}
  })
  app.get('/me', (request, reply) => reply.code(request.session.userId === null ? 401 : 200).send({}))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return listen(app.server)
}
