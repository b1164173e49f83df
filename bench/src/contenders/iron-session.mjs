import { createServer } from 'node:http'
import { getIronSession } from 'iron-session'
import { answerOf, countRaceKeys, DAY_SECONDS, nextContent, PEER_SECRET, slowWork, work } from '../work.mjs'
import { listen, queryOf, routeOf, sendJson } from './node-http.mjs'

const OPTIONS = {
  password: PEER_SECRET,
  cookieName: 'sid',
  ttl: DAY_SECONDS,
  cookieOptions: { secure: false, sameSite: 'lax' },
}

const routes = {
  async 'GET /read'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    sendJson(res, answerOf(session))
  },
  async 'POST /write'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    session.n += 1
    await session.save()
    sendJson(res, answerOf(session))
  },
  async 'POST /new'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    Object.assign(session, nextContent())
    await session.save()
    sendJson(res, answerOf(session))
  },
  async 'POST /add'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    const query = queryOf(req)
    await work(query.get('ms'))
    session[query.get('key')] = 1
    await session.save()
    sendJson(res, {})
  },
  async 'GET /keys'(req, res) {
    sendJson(res, countRaceKeys(Object.keys(await getIronSession(req, res, OPTIONS))))
  },
  async 'POST /login'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    session.user = 'ada'
    await session.save()
    sendJson(res, {})
  },
  async 'POST /slow'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    await slowWork()
    if (queryOf(req).get('write') === '1') {
      session.seen = 1
      await session.save()
    }
    sendJson(res, {})
  },
  async 'POST /logout'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    session.destroy()
    sendJson(res, {})
  },
  async 'GET /me'(req, res) {
    const session = await getIronSession(req, res, OPTIONS)
    sendJson(res, {}, session.user ? 200 : 401)
  },
}

export function start() {
  return listen(createServer((req, res) => routes[routeOf(req)](req, res)))
}
