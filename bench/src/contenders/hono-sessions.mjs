import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { CookieStore, MemoryStore, sessionMiddleware } from 'hono-sessions'
import { countRaceKeys, DAY_SECONDS, nextContent, PEER_SECRET, slowWork, work } from '../work.mjs'
import { listen } from './node-http.mjs'

function answer(c) {
  const session = c.get('session')
  return c.json({ user: session.get('userId'), items: session.get('cart').length, n: session.get('n') })
}

/** @param {import('../contenders.mjs').StartOptions} options */
export function start({ store }) {
  const app = new Hono()
  app.use(
    sessionMiddleware({
      store: store === 'cookie' ? new CookieStore() : new MemoryStore(),
      ...(store === 'cookie' && { encryptionKey: PEER_SECRET }),
      expireAfterSeconds: DAY_SECONDS,
      cookieOptions: { path: '/', httpOnly: true, sameSite: 'Lax' },
    }),
  )

  app.get('/read', answer)
  app.post('/write', (c) => {
    const session = c.get('session')
    session.set('n', session.get('n') + 1)
    return answer(c)
  })
  app.post('/new', (c) => {
    const session = c.get('session')
    for (const [key, value] of Object.entries(nextContent())) session.set(key, value)
    return answer(c)
  })

  app.post('/add', async (c) => {
    await work(c.req.query('ms'))
    c.get('session').set(c.req.query('key'), 1)
    return c.json({})
  })
  app.get('/keys', (c) => c.json(countRaceKeys(Object.keys(c.get('session').getCache()._data))))
  app.post('/login', (c) => {
    c.set('session_key_rotation', true)
    c.get('session').set('user', 'ada')
    return c.json({})
  })
  app.post('/slow', async (c) => {
    await slowWork()
    if (c.req.query('write') === '1') c.get('session').set('seen', 1)
    return c.json({})
  })
  app.post('/logout', (c) => {
    c.get('session').deleteSession()
    return c.json({})
  })
  app.get('/me', (c) => c.json({}, c.get('session').get('user') ? 200 : 401))
  return listen(createAdaptorServer(app))
}
