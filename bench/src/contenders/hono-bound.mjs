import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { answerOf, nextContent } from '../work.mjs'
import { createBound, hashOf, newToken, setCookieOf, whenThere } from './bound.mjs'
import { listen } from './node-http.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const sessions = await createBound(options)
  const app = new Hono()
  app.use((c, next) => {
    const cookie = c.req.header('cookie')
    if (cookie === undefined) return next()
    const key = sessions.keyOf(cookie)
    c.set('key', key)
    return whenThere(sessions.get(key), (session) => {
      c.set('session', session)
      return next()
    })
  })
  app.get('/read', (c) => c.json(answerOf(c.var.session)))
  app.post('/write', async (c) => {
    const session = c.var.session
    session.n += 1
    const stored = sessions.put(c.var.key, session)
    if (stored !== undefined) await stored
    return c.json(answerOf(session))
  })
  app.post('/new', async (c) => {
    const token = newToken()
    const session = nextContent()
    const stored = sessions.put(hashOf(token), session)
    if (stored !== undefined) await stored
    c.header('set-cookie', setCookieOf(token))
    return c.json(answerOf(session))
  })
  return listen(createAdaptorServer(app))
}
