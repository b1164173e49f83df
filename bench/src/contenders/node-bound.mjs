import { createServer } from 'node:http'
import { answerOf, nextContent } from '../work.mjs'
import { createBound, hashOf, newToken, setCookieOf, whenThere } from './bound.mjs'
import { listen, sendJson } from './node-http.mjs'

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const sessions = await createBound(options)

  function read(req, res) {
    const found = sessions.get(sessions.keyOf(req.headers.cookie))
    return whenThere(found, (session) => sendJson(res, answerOf(session)))
  }

  async function write(req, res) {
    const key = sessions.keyOf(req.headers.cookie)
    const found = sessions.get(key)
    const session = found instanceof Promise ? await found : found
    session.n += 1
    const stored = sessions.put(key, session)
    if (stored !== undefined) await stored
    sendJson(res, answerOf(session))
  }

  async function create(_req, res) {
    const token = newToken()
    const session = nextContent()
    const stored = sessions.put(hashOf(token), session)
    if (stored !== undefined) await stored
    res.setHeader('set-cookie', setCookieOf(token))
    sendJson(res, answerOf(session))
  }

  return listen(
    createServer((req, res) => {
      if (req.url === '/read') return read(req, res)
      return req.url === '/write' ? write(req, res) : create(req, res)
    }),
  )
}
