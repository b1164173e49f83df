import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { honoSessions } from 'sojourn/hono'
import { answerOf, countRaceKeys, nextContent, slowWork, work } from '../work.mjs'
import { listen } from './node-http.mjs'
import { sessionsOn } from './sojourn-sessions.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const app = new Hono()
  app.use(honoSessions(await sessionsOn(options)))

  app.get('/read', (c) => c.json(answerOf(c.var.session.data)))
  app.post('/write', (c) => {
    c.var.session.data.n += 1
    return c.json(answerOf(c.var.session.data))
  })
  app.post('/new', (c) => {
    Object.assign(c.var.session.data, nextContent())
    return c.json(answerOf(c.var.session.data))
  })

  app.post('/add', async (c) => {
    await work(c.req.query('ms'))
    c.var.session.data[c.req.query('key')] = 1
    return c.json({})
  })
  app.get('/keys', (c) => c.json(countRaceKeys(Object.keys(c.var.session.data))))
  app.post('/login', async (c) => {
    await c.var.session.login('ada')
    return c.json({})
  })
  app.post('/slow', async (c) => {
    await slowWork()
    if (c.req.query('write') === '1') c.var.session.data.seen = 1
    return c.json({})
  })
  app.post('/logout', async (c) => {
    await c.var.session.logout()
    return c.json({})
  })
  app.get('/me', (c) => c.json({}, c.var.session.userId === null ? 401 : 200))
  return listen(createAdaptorServer(app))
}
