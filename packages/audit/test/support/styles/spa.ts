import { createHmac, randomBytes } from 'node:crypto'
import { ALICE } from '../cookie-app.ts'
import { type App, newId, type Reply } from '../web.ts'

export interface SpaSwitches {
  /** `never`: the refresh token never changes. `grace`: a second use within seconds gets the same successor. */
  readonly rotates?: 'and ends the family' | 'grace' | 'never'
  /** Logout deletes the cookie alone. */
  readonly forgetsOnly?: boolean
}

interface Family {
  current: string
  readonly used: Map<string, string>
  over: boolean
}

/** For pages of scripts: a token in memory for the interface, and a refresh token in a cookie that only its path is sent. */
export function spaApp({ rotates = 'and ends the family', forgetsOnly = false }: SpaSwitches = {}): App {
  const secret = randomBytes(32)
  const families: Family[] = []
  const denied = new Set<Family>()
  const byToken = new Map<string, Family>()
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const cookie = (value: string) => `refresh_token=${value}; Path=/auth; HttpOnly; SameSite=Strict`

  function access(family: Family): string {
    const now = Math.floor(Date.now() / 1000)
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: ALICE.name, jti: newId(), iat: now, exp: now + 600 })}`
    const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    byToken.set(token, family)
    return token
  }

  const give = (family: Family): Reply => ({
    json: { accessToken: access(family) },
    cookies: [cookie(family.current)],
    headers: { 'cache-control': 'no-store' },
  })

  function refresh(token: string): Reply {
    const family = families.find((held) => held.current === token || held.used.has(token))
    if (family === undefined || family.over) return { status: 401, json: { error: 'invalid' } }
    if (family.used.has(token) && rotates === 'grace') return give(family)
    if (family.used.has(token)) {
      family.over = true
      return { status: 401, json: { error: 'invalid' } }
    }
    if (rotates !== 'never') {
      family.used.set(token, newId())
      family.current = newId()
    }
    return give(family)
  }

  return ({ method, path, headers, cookies, body }) => {
    const family = byToken.get(headers.authorization?.replace(/^Bearer /, '') ?? '')
    const token = cookies.get('refresh_token') ?? ''
    if (path === '/' && method === 'GET')
      return { html: '<div id="root"></div>', headers: { 'cache-control': 'no-store' } }
    if (path === '/auth/login' && method === 'POST') {
      if (body.username !== ALICE.name || body.password !== ALICE.password)
        return { status: 401, json: { error: 'no' } }
      const begun = { current: newId(), used: new Map<string, string>(), over: false }
      families.push(begun)
      return give(begun)
    }
    if (path === '/auth/refresh' && method === 'POST') return refresh(token)
    if (path === '/auth/logout' && method === 'POST') {
      const ended = families.find((held) => held.current === token)
      if (ended !== undefined && !forgetsOnly) {
        ended.over = true
        denied.add(ended)
      }
      return { json: {}, cookies: ['refresh_token=; Path=/auth; Max-Age=0'] }
    }
    if (path === '/api/me' && family !== undefined && !denied.has(family))
      return { json: { name: ALICE.name }, headers: { 'cache-control': 'no-store' } }
    return path.startsWith('/api/') ? { status: 401, json: {} } : { status: 404, json: {} }
  }
}
