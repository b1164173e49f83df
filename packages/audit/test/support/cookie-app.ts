import { type App, type Reply, newId as randomId } from './web.ts'

export const ALICE = { name: 'alice', password: 'lantern-in-the-window' }
export const BOB = { name: 'bob', password: 'compass-under-the-stairs' }

export interface CookieSwitches {
  /**
   * The carriers of a login: one cookie; a session id that is kept at login with a second cookie that alone counts (as
   * DokuWiki does); two that count only together; two of which each suffices.
   */
  readonly carriers?: 'one' | 'kept id beside it' | 'both' | 'either'
  /** Two that count together have to be of one user. */
  readonly bindsCarriers?: boolean
  /** The id from before the login is kept, and is the login. */
  readonly keepsId?: boolean
  /** Any id that a client brings becomes a session. */
  readonly adopts?: boolean
  /** `nothing`: only the cookie goes. `session`: the remember-me cookie stays good. */
  readonly logout?: 'all' | 'session' | 'nothing'
  /** At logout the cookie is given another value, in place of being deleted. */
  readonly replacesAtLogout?: boolean
  /** The logout link is good only with what the page says. */
  readonly logoutNonce?: boolean
  /** Everything lives below this path, cookies too. */
  readonly base?: string
  /** Every stranger sees the account page. */
  readonly open?: boolean
  /** Any cookie counts as a login. */
  readonly believesAnything?: boolean
  /** `ends sessions`: remember-me cookies stay good. */
  readonly passwordChange?: 'ends others' | 'ends sessions' | 'ends none'
  /** `own`: what is called logging out everywhere ends the session it is asked from. */
  readonly everywhere?: 'all' | 'own' | 'everybody'
  /** The session gets a new id when the password changes. */
  readonly renewsAtPasswordChange?: boolean
  /** At a second login the session that came along lives on. */
  readonly forgetsOld?: boolean
  readonly makeId?: () => string
  readonly forgery?: 'token' | 'token not bound' | 'token, if there is one' | 'origin' | 'none'
  readonly takesGet?: boolean
  /** A login ends the sessions before it. */
  readonly oneSession?: boolean
  /** So many logins, and then 429. */
  readonly mostLogins?: number
  readonly sameSite?: 'Lax' | 'Strict' | 'None' | null
  readonly attributes?: string
}

interface Session {
  user: string | null
  readonly token: string
}

/** A small application that keeps sessions in a map. Well-behaved unless told otherwise. */
export function cookieApp(switches: CookieSwitches = {}): App & { password(): string } {
  const { carriers = 'one', base = '', makeId: newId = randomId } = switches
  const sessions = new Map<string, Session>()
  const remembered = new Map<string, string>()
  const issued = new Set<string>()
  const passwords = new Map([ALICE, BOB].map(({ name, password }) => [name, password]))
  let nickname = 'nobody'
  let logins = 0
  const site = switches.sameSite === null ? '' : `; SameSite=${switches.sameSite ?? 'Lax'}`
  const set = (name: string, value: string, more = '') =>
    `${name}=${value}; Path=${base || '/'}; HttpOnly${site}${switches.attributes ?? ''}${more}`
  const expire = (name: string) => `${name}=; Path=${base || '/'}; Max-Age=0`

  function userOf(cookies: ReadonlyMap<string, string>): string | null {
    const session = sessions.get(cookies.get('sid') ?? '')?.user ?? null
    const second = remembered.get(cookies.get('auth') ?? '') ?? null
    if (switches.believesAnything && cookies.has('sid')) return ALICE.name
    if (carriers === 'one') return session
    if (carriers === 'kept id beside it') return second
    if (switches.bindsCarriers && session !== second) return null
    return carriers === 'either' ? (session ?? second) : second === null ? null : session
  }

  function login(sid: string | undefined, remember: string | undefined, user: string): Reply {
    const keeps = sid !== undefined && (switches.keepsId || carriers === 'kept id beside it') && sessions.has(sid)
    const adopted = sid !== undefined && switches.adopts
    const id = keeps || adopted ? sid : newId()
    if (!keeps && sid !== undefined && !switches.forgetsOld) sessions.delete(sid)
    if (remember !== undefined && !switches.forgetsOld) remembered.delete(remember)
    if (switches.oneSession) for (const [other, held] of sessions) if (held.user === user) sessions.delete(other)
    sessions.set(id, { user: carriers === 'kept id beside it' ? null : user, token: randomId() })
    const cookies = [set('sid', id)]
    if (carriers !== 'one') {
      const auth = newId()
      remembered.set(auth, user)
      cookies.push(set('auth', auth))
    }
    return { to: `${base}/account`, cookies }
  }

  function logout(cookies: ReadonlyMap<string, string>): Reply {
    const { logout: how = 'all' } = switches
    if (how !== 'nothing') sessions.delete(cookies.get('sid') ?? '')
    if (how === 'all') remembered.delete(cookies.get('auth') ?? '')
    const away = (name: string) => (switches.replacesAtLogout ? set(name, 'deleted') : expire(name))
    return { to: `${base}/`, cookies: [away('sid'), away('auth')] }
  }

  /** But for the session and the remember-me cookie (`all`: any of them) that are named. */
  function endOthers(user: string, sid?: string, remember?: string): void {
    const isMeant = (owner: string | null) => (switches.everywhere === 'everybody' ? owner !== null : owner === user)
    for (const [id, held] of sessions) if (id !== sid && isMeant(held.user)) sessions.delete(id)
    if (remember === 'all') return
    for (const [value, owner] of remembered) if (value !== remember && isMeant(owner)) remembered.delete(value)
  }

  function account(user: string, session: Session | undefined, auth: string): Reply {
    const token = session?.token ?? auth
    const link = switches.logoutNonce ? `${base}/logout?nonce=${token}` : `${base}/logout`
    const hidden = switches.forgery?.startsWith('token') ? `<input type="hidden" name="token" value="${token}">` : ''
    issued.add(token)
    return {
      html: `Account of ${user}, called ${nickname} <a href="${link}">Log out</a><form method="post" action="${base}/nickname">${hidden}<input name="nickname"></form>`,
      headers: { 'cache-control': 'no-store' },
    }
  }

  const app: App = ({ method, path: whole, query, cookies, headers, body }) => {
    const path = whole.startsWith(base) ? whole.slice(base.length) || '/' : whole
    const user = userOf(cookies)
    const sid = cookies.get('sid')
    const session = sessions.get(sid ?? '')
    if (path === '/' || (path === '/login' && method === 'GET')) {
      // Visitors get an id, as in PHP; an unknown one is replaced.
      const known = session !== undefined || (switches.adopts && sid !== undefined)
      const id = known ? (sid ?? newId()) : newId()
      if (!sessions.has(id)) sessions.set(id, { user: null, token: randomId() })
      const cookie = known ? {} : { cookies: [set('sid', id)] }
      const form = `<form method="post" action="${base}/login"><input name="name"><input type="password" name="password"></form>`
      return { html: path === '/login' ? form : `<a href="${base}/login">Log in</a>`, ...cookie }
    }
    if (path === '/login' && ++logins > (switches.mostLogins ?? Number.POSITIVE_INFINITY)) {
      return { status: 429, html: 'later' }
    }
    if (path === '/login')
      return body.name !== undefined && passwords.has(body.name) && passwords.get(body.name) === body.password
        ? login(sid, cookies.get('auth'), body.name)
        : { status: 401, html: 'no' }
    if (path === '/account' && switches.open) return { html: `Account of ${user ?? ALICE.name}` }
    if (user === null) return { to: `${base}/login` }
    if (path === '/account') return account(user, session, cookies.get('auth') ?? '')
    if (path === '/logout') {
      const wanted = session?.token ?? cookies.get('auth')
      return switches.logoutNonce && query.get('nonce') !== wanted
        ? { status: 403, html: 'stale link' }
        : logout(cookies)
    }
    if (path === '/nickname') {
      const given = method === 'GET' ? Object.fromEntries(query) : body
      if (method === 'GET' && !switches.takesGet) return { status: 405 }
      if (switches.forgery === 'token' && given.token !== session?.token) return { status: 403, html: 'no token' }
      if (switches.forgery === 'token, if there is one' && ![undefined, session?.token].includes(given.token))
        return { status: 403, html: 'wrong token' }
      if (switches.forgery === 'token not bound' && !issued.has(given.token ?? ''))
        return { status: 403, html: 'no token' }
      const origin = headers.origin
      if (
        switches.forgery === 'origin' &&
        origin !== undefined &&
        new URL(origin === 'null' ? 'null:x' : origin).host !== headers.host
      )
        return { status: 403, html: 'origin' }
      nickname = String(given.nickname)
      return { to: `${base}/account` }
    }
    if (path === '/everywhere' && method === 'POST') {
      if (switches.everywhere === 'own') return logout(cookies)
      endOthers(user)
      return logout(cookies)
    }
    if (path === '/password') {
      if (body.current !== passwords.get(user)) return { status: 403, html: 'wrong' }
      passwords.set(user, String(body.next))
      const { passwordChange: how = 'ends others' } = switches
      if (how !== 'ends none') endOthers(user, sid, how === 'ends sessions' ? 'all' : cookies.get('auth'))
      if (!switches.renewsAtPasswordChange || session === undefined) return { html: 'changed' }
      const id = newId()
      sessions.delete(sid ?? '')
      sessions.set(id, session)
      return { html: 'changed', cookies: [set('sid', id)] }
    }
    return { status: 404, html: 'nothing here' }
  }
  return Object.assign(app, { password: () => passwords.get(ALICE.name) ?? '' })
}
