import { createServer } from 'node:http'
import express from 'express'
import { BARE_ANSWER, BARE_COOKIE } from '../work.mjs'
import { listen } from './node-http.mjs'

export function start() {
  const app = express()
  app.get('/read', (_req, res) => {
    res.json(BARE_ANSWER)
  })
  app.post('/write', (_req, res) => {
    res.json(BARE_ANSWER)
  })
  app.post('/new', (_req, res) => {
    res.setHeader('set-cookie', BARE_COOKIE)
    res.json(BARE_ANSWER)
  })
  return listen(createServer(app))
}
