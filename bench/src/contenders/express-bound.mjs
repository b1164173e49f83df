import { createServer } from 'node:http'
import express from 'express'
import { answerOf, nextContent } from '../work.mjs'
import { createBound, hashOf, newToken, setCookieOf, whenThere } from './bound.mjs'
import { listen } from './node-http.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const sessions = await createBound(options)
  const app = express()
  app.use((req, _res, next) => {
    if (req.headers.cookie === undefined) return next()
    const key = sessions.keyOf(req.headers.cookie)
    return whenThere(sessions.get(key), (data) => {
      // One property: each further one costs Express's own requests 5 µs, for their hidden classes are not shared.
      req.session = { key, data }
      next()
    })
  })
  app.get('/read', (req, res) => {
    res.json(answerOf(req.session.data))
  })
  app.post('/write', async (req, res) => {
    const { key, data } = req.session
    data.n += 1
    const stored = sessions.put(key, data)
    if (stored !== undefined) await stored
    res.json(answerOf(req.session.data))
  })
  app.post('/new', async (_req, res) => {
    const token = newToken()
    const session = nextContent()
    const stored = sessions.put(hashOf(token), session)
    if (stored !== undefined) await stored
    res.setHeader('set-cookie', setCookieOf(token))
    res.json(answerOf(session))
  })
  return listen(createServer(app))
}
