import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { BARE_ANSWER, BARE_COOKIE } from '../work.mjs'
import { listen } from './node-http.mjs'

export function start() {
  const app = new Hono()
  app.get('/read', (c) => c.json(BARE_ANSWER))
  app.post('/write', (c) => c.json(BARE_ANSWER))
  app.post('/new', (c) => {
    c.header('set-cookie', BARE_COOKIE)
    return c.json(BARE_ANSWER)
  })
  return listen(createAdaptorServer(app))
}
