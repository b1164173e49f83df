import { createServer } from 'node:http'
import { withNodeSession } from 'sojourn/node'
import { answerOf, countRaceKeys, nextContent, slowWork, work } from '../work.mjs'
import { listen, queryOf, routeOf, sendJson } from './node-http.mjs'
import { sessionsOn } from './sojourn-sessions.mjs'

const routes = {
  'GET /read'(_req, res, session) {
    sendJson(res, answerOf(session.data))
  },
  'POST /write'(_req, res, session) {
    session.data.n += 1
    sendJson(res, answerOf(session.data))
  },
  'POST /new'(_req, res, session) {
    Object.assign(session.data, nextContent())
    sendJson(res, answerOf(session.data))
  },
  async 'POST /add'(req, res, session) {
    const query = queryOf(req)
    await work(query.get('ms'))
    session.data[query.get('key')] = 1
    sendJson(res, {})
  },
  'GET /keys'(_req, res, session) {
    sendJson(res, countRaceKeys(Object.keys(session.data)))
  },
  async 'POST /login'(_req, res, session) {
    await session.login('ada')
    sendJson(res, {})
  },
  async 'POST /slow'(req, res, session) {
    await slowWork()
    if (queryOf(req).get('write') === '1') session.data.seen = 1
    sendJson(res, {})
  },
  async 'POST /logout'(_req, res, session) {
    await session.logout()
    sendJson(res, {})
  },
  'GET /me'(_req, res, session) {
    sendJson(res, {}, session.userId === null ? 401 : 200)
  },
}

/** @param {import('../contenders.mjs').StartOptions} options */
export async function start(options) {
  const handler = withNodeSession(await sessionsOn(options), (req, res, session) =>
    routes[routeOf(req)](req, res, session),
  )
  return listen(createServer(handler))
}
