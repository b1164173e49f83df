import { createServer } from 'node:http'
import { BARE_ANSWER, BARE_COOKIE } from '../work.mjs'
import { listen, sendJson } from './node-http.mjs'

export function start() {
  return listen(
    createServer((req, res) => {
      if (req.url === '/new') res.setHeader('set-cookie', BARE_COOKIE)
      sendJson(res, BARE_ANSWER)
    }),
  )
}
