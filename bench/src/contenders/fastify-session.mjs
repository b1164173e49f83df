import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { fastify } from 'fastify'
import { answerOf, countRaceKeys, DAY_SECONDS, nextContent, PEER_SECRET, slowWork, work } from '../work.mjs'
import { listen } from './node-http.mjs'
import { peerStore } from './peer-stores.mjs'

/** @param {import('../contenders.mjs').StartOptions & { rolling?: boolean }} options */
export async function start({ rolling = true, ...options }) {
  const store = await peerStore(options)
  const app = fastify()
  app.register(cookie)
  app.register(session, {
    secret: PEER_SECRET,
    rolling,
    saveUninitialized: false,
    ...(store !== undefined && { store }),
    cookie: { secure: false, sameSite: 'lax', maxAge: DAY_SECONDS * 1000 },
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
    request.session[request.query.key] = 1
    return {}
  })
  app.get('/keys', (request) => countRaceKeys(Object.keys(request.session)))
  app.post('/login', async (request) => {
    await request.session.regenerate()
    request.session.user = 'ada'
    return {}
  })
  app.post('/slow', async (request) => {
    await slowWork()
    if (request.query.write === '1') request.session.seen = 1
    return {}
  })
  app.post('/logout', async (request) => {
    await request.session.destroy()
    return {}
  })
  app.get('/me', (request, reply) => reply.code(request.session.user ? 200 : 401).send({}))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return listen(app.server)
}
