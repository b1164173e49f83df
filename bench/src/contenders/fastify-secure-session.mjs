import secureSession from '@fastify/secure-session'
import { fastify } from 'fastify'
import { answerOf, countRaceKeys, DAY_SECONDS, nextContent, slowWork, work } from '../work.mjs'
import { listen } from './node-http.mjs'

export async function start() {
  const app = fastify()
  app.register(secureSession, {
    key: Buffer.alloc(32, 'k'),
    expiry: DAY_SECONDS,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', maxAge: DAY_SECONDS },
  })

  app.get('/read', (request) => answerOf(request.session))
  app.post('/write', (request) => {
    request.session.n += 1
    return answerOf(request.session)
  })
  app.post('/new', (request) => {
    Object.assign(request.session, nextContent())
    return answerOf(request.session)
  })

  app.post('/add', async (request) => {
    await work(request.query.ms)
    request.session.set(request.query.key, 1)
    return {}
  })
  app.get('/keys', (request) => countRaceKeys(Object.keys(request.session.data())))
  app.post('/login', async (request) => {
    request.session.regenerate()
    request.session.user = 'ada'
    return {}
  })
  app.post('/slow', async (request) => {
    await slowWork()
    if (request.query.write === '1') request.session.seen = 1
    return {}
  })
  app.post('/logout', async (request) => {
    request.session.delete()
    return {}
  })
  app.get('/me', (request, reply) => reply.code(request.session.user ? 200 : 401).send({}))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return listen(app.server)
}
