import { createHmac, randomBytes } from 'node:crypto'
import { ALICE } from './cookie-app.ts'
import { type App, newId, type Reply } from './web.ts'

/**
 * What a second use of a cookie that was renewed gets: `grace`: the same session as the first use; `another`: one more
 * session; `slides`: the session is the old one all the time, and its end alone moves; `family`: nothing, and all that
 * came from the same login is over; `nothing`: nothing.
 */
export type SecondUse = 'grace' | 'another' | 'slides' | 'family' | 'nothing'

interface Session {
  readonly family: string
  next: string | null
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Keeps the session in a signed token in a cookie, and renews both. The times in it have parts of a second: no two are alike. */
export function renewingApp(secondUse: SecondUse): App {
  const key = randomBytes(32)
  const sessions = new Map<string, Session>()

  function setCookie(sid: string): string {
    const now = Date.now() / 1000
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sid, iat: now, exp: now + 900 })}`
    return `sid=${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}; Path=/; HttpOnly; SameSite=Lax`
  }

  function begin(family: string): string {
    const sid = newId()
    sessions.set(sid, { family, next: null })
    return sid
  }

  function sidOf(cookie = ''): string {
    const [head, body = '', signature] = cookie.split('.')
    if (signature !== createHmac('sha256', key).update(`${head}.${body}`).digest('base64url')) return ''
    return (JSON.parse(Buffer.from(body, 'base64url').toString()) as { sid: string }).sid
  }

  function renew(sid: string, session: Session): Reply {
    if (secondUse === 'slides') return { json: {}, cookies: [setCookie(sid)] }
    const isSecond = session.next !== null
    if (isSecond && secondUse === 'family')
      for (const [id, { family }] of sessions) if (family === session.family) sessions.delete(id)
    if (isSecond && (secondUse === 'family' || secondUse === 'nothing')) return { status: 401, json: {} }
    session.next = isSecond && secondUse === 'grace' ? session.next : begin(session.family)
    return { json: {}, cookies: [setCookie(session.next ?? '')] }
  }

  return ({ method, path, cookies, body }) => {
    if (path === '/login' && method === 'POST') {
      const isRight = body.name === ALICE.name && body.password === ALICE.password
      return isRight ? { json: {}, cookies: [setCookie(begin(newId()))] } : { status: 401, json: {} }
    }
    const sid = sidOf(cookies.get('sid'))
    const session = sessions.get(sid)
    if (session === undefined) return { status: 401, json: {} }
    if (path === '/renew' && method === 'POST') return renew(sid, session)
    if (path === '/logout') return { json: {}, cookies: sessions.delete(sid) ? ['sid=; Path=/; Max-Age=0'] : [] }
    return { json: { name: ALICE.name } }
  }
}
