import { createServer } from 'node:http'
import express from 'express'
import session from 'express-session'
import { answerOf, countRaceKeys, DAY_SECONDS, nextContent, PEER_SECRET, slowWork, work } from '../work.mjs'
import { listen } from './node-http.mjs'
import { peerStore } from './peer-stores.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const store = await peerStore(options)
  const app = express()
  app.use(
    session({
      secret: PEER_SECRET,
      resave: false,
      saveUninitialized: false,
      ...(store !== undefined && { store }),
      cookie: { maxAge: DAY_SECONDS * 1000, sameSite: 'lax' },
    }),
  )

  app.get('/read', (req, res) => {
    res.json(answerOf(req.session))
  })
  app.post('/write', (req, res) => {
    req.session.n += 1
    res.json(answerOf(req.session))
  })
  app.post('/new', (req, res) => {
    Object.assign(req.session, nextContent())
    res.json(answerOf(req.session))
  })

  app.post('/add', async (req, res) => {
    await work(req.query.ms)
    req.session[req.query.key] = 1
    res.json({})
  })
  app.get('/keys', (req, res) => {
    res.json(countRaceKeys(Object.keys(req.session)))
  })
  app.post('/login', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error)
      req.session.user = 'ada'
      res.json({})
    })
  })
  app.post('/slow', async (req, res) => {
    await slowWork()
    if (req.query.write === '1') req.session.seen = 1
    res.json({})
  })
  app.post('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.json({})))
  })
  app.get('/me', (req, res) => {
    res.status(req.session.user ? 200 : 401).json({})
  })
  return listen(createServer(app))
}
