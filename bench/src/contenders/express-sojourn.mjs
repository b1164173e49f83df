import { createServer } from 'node:http'
import express from 'express'
import { expressSessions } from 'sojourn/express'
import { answerOf, countRaceKeys, nextContent, slowWork, work } from '../work.mjs'
import { listen } from './node-http.mjs'
import { sessionsOn } from './sojourn-sessions.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const app = express()
  app.use(expressSessions(await sessionsOn(options)))

  app.get('/read', (req, res) => {
    res.json(answerOf(req.session.data))
  })
  app.post('/write', (req, res) => {
    req.session.data.n += 1
    res.json(answerOf(req.session.data))
  })
  app.post('/new', (req, res) => {
    Object.assign(req.session.data, nextContent())
    res.json(answerOf(req.session.data))
  })

  app.post('/add', async (req, res) => {
    await work(req.query.ms)
    req.session.data[req.query.key] = 1
    res.json({})
  })
  app.get('/keys', (req, res) => {
    res.json(countRaceKeys(Object.keys(req.session.data)))
  })
  app.post('/login', async (req, res) => {
    await req.session.login('ada')
    res.json({})
  })
  app.post('/slow', async (req, res) => {
    await slowWork()
    if (req.query.write === '1') req.session.data.seen = 1
    res.json({})
  })
  app.post('/logout', async (req, res) => {
    await req.session.logout()
    res.json({})
  })
  app.get('/me', (req, res) => {
    res.status(req.session.userId === null ? 401 : 200).json({})
  })
  return listen(createServer(app))
}
