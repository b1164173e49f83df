import { ALICE } from '../support/cookie-app.ts'
import { type App, type Ask, newId, type Reply } from '../support/web.ts'

const NOT_FOUND: Reply = { status: 404, json: { error: 'not found' } }
const REFUSED: Reply = { status: 401, json: { error: 'refused' } }

/** Sessions by id, and what each application does with them. */
function sessions() {
  const alive = new Set<string>()
  return {
    begin: (): string => {
      const id = newId()
      alive.add(id)
      return id
    },
    end: (id: string | undefined): void => void alive.delete(id ?? ''),
    ofCookie: ({ cookies }: Ask): string | undefined => known(cookies.get('sid')),
    ofBearer: ({ headers }: Ask): string | undefined => known(headers.authorization?.replace('Bearer ', '')),
    known,
  }
  function known(id: string | undefined): string | undefined {
    return id !== undefined && alive.has(id) ? id : undefined
  }
}

const isAlice = (name: string | undefined, password: string | undefined): boolean =>
  name === ALICE.name && password === ALICE.password
const cookie = (id: string): string => `sid=${id}; Path=/; HttpOnly; SameSite=Lax`
const page = (script: string): Reply => ({ html: `<div id=root></div><script src="/app/${script}"></script>` })

/** Pages are built by a script, which alone knows the addresses; other POSTs are never answered. */
export function scripted(): App {
  const held = sessions()
  return (ask) => {
    const { path, method, body } = ask
    if (path === '/') return page('main.js')
    if (path === '/app/main.js')
      return {
        html: 'const api={enter:e=>post(`${base}api/v9/door/authenticate`,e),leave:()=>get(`${base}api/v9/door/logout`),who:()=>get("/api/v9/door/people")}',
      }
    if (path === '/api/v9/door/authenticate' && method === 'POST') {
      if (body.username === undefined) return { status: 422, json: { message: 'Validation error.' } }
      return isAlice(body.username, body.password) ? { json: {}, cookies: [cookie(held.begin())] } : REFUSED
    }
    const id = held.ofCookie(ask)
    if (path === '/api/v9/door/people') return id === undefined ? REFUSED : { json: [ALICE.name] }
    if (path === '/api/v9/door/logout' && method === 'GET') {
      held.end(id)
      return { json: {}, cookies: ['sid=; Path=/; Max-Age=0'] }
    }
    return method === 'POST' ? new Promise<Reply>(() => {}) : NOT_FOUND
  }
}

/** OAuth's password grant as a form, for a client that the script names; tokens are revoked by name. */
export function passwordGrant(): App {
  const held = sessions()
  return (ask) => {
    const { path, method, body } = ask
    if (path === '/') return page('red.js')
    if (path === '/app/red.js')
      return {
        html: 'var t={client_id:"the-editor",grant_type:"password",scope:""};send("door/token",t);quit("door/revoke")',
      }
    if (path === '/door/token' && method === 'POST') {
      if (body.client_id !== 'the-editor') return { status: 401, json: 'Unauthorized' }
      if (body.grant_type !== 'password') return { status: 501, json: { error: 'unsupported_grant_type' } }
      return isAlice(body.username, body.password)
        ? { json: { access_token: held.begin(), scope: body.scope } }
        : REFUSED
    }
    const id = held.ofBearer(ask)
    if (path === '/door/revoke' && method === 'POST' && id !== undefined) {
      held.end(body.token)
      return { json: {} }
    }
    if (path === '/settings') return id === undefined ? REFUSED : { json: { user: ALICE.name } }
    return NOT_FOUND
  }
}

/** Every address ends in a slash; those without one are sent there. Only the refresh token is ended at logout. */
export function slashed(): App {
  const held = sessions()
  const pair = (): Reply => ({ json: { access: held.begin(), refresh: held.begin() } })
  const routes: Record<string, (ask: Ask) => Reply> = {
    'POST /api/token/': ({ body }) => {
      if (body.username === undefined) return { status: 400, json: { username: ['This field is required.'] } }
      return isAlice(body.username, body.password) ? pair() : REFUSED
    },
    'POST /api/token/refresh/': ({ body }) => {
      if (held.known(body.refresh) === undefined) return REFUSED
      held.end(body.refresh)
      return pair()
    },
    'POST /api/token/blacklist/': ({ body }) => {
      if (held.known(body.refresh) === undefined) return { status: 400, json: {} }
      held.end(body.refresh)
      return { json: {} }
    },
    'GET /api/users/me/': (ask) => (held.ofBearer(ask) === undefined ? REFUSED : { json: { name: ALICE.name } }),
  }
  return (ask) => {
    const route = routes[`${ask.method} ${ask.path}`]
    if (route !== undefined) return route(ask)
    return Object.keys(routes).some((key) => key.endsWith(` ${ask.path}/`))
      ? { status: 301, to: `${ask.path}/` }
      : NOT_FOUND
  }
}

/** The browser asks for the password. With `sessions`, a client that sent it once gets a cookie. */
export function basic(gives: 'sessions' | 'nothing'): App {
  const held = sessions()
  const right = Buffer.from(`${ALICE.name}:${ALICE.password}`).toString('base64')
  return (ask) => {
    if (held.ofCookie(ask) !== undefined) return { html: 'Folders' }
    if (ask.headers.authorization !== `Basic ${right}`)
      return { status: 401, headers: { 'www-authenticate': 'Basic realm="Folders"' }, html: 'Not Authorized' }
    return { html: 'Folders', cookies: gives === 'sessions' ? [cookie(held.begin())] : [] }
  }
}

/** Takes no POST that does not say where it comes from, once there is a cookie. The token in the answer is no bearer. */
export function wantsOrigin(): App {
  const held = sessions()
  return (ask) => {
    const { path, method, headers, body } = ask
    const id = held.ofCookie(ask)
    if (method === 'POST' && ask.cookies.has('sid') && headers.origin !== `http://${headers.host}`)
      return { status: 403, json: { code: 'INVALID_ORIGIN' } }
    if (path === '/api/auth/sign-in/email' && method === 'POST') {
      const began = isAlice(body.username, body.password) ? held.begin() : null
      return began === null ? REFUSED : { json: { token: newId() }, cookies: [cookie(began)] }
    }
    if (path === '/api/auth/sign-out' && method === 'POST') {
      held.end(id)
      return { json: {}, cookies: ['sid=; Path=/; Max-Age=0'] }
    }
    if (path === '/') return { html: id === undefined ? 'Welcome' : `Hello ${ALICE.name}` }
    return NOT_FOUND
  }
}

/**
 * A link that scripts send as a form with the page's token. Without the token it is refused, and the browser's cookie
 * thrown away; looked at, the address asks whether one means it.
 */
export function refusesRoughly({ confirms = false } = {}): App {
  const held = sessions()
  const login = '<form method=post action=/login><input name=username><input type=password name=password></form>'
  const out = confirms ? '<a href=/logout>Sign out</a>' : '<a href=/logout data-method=post rel=nofollow>Sign out</a>'
  const head = '<meta name=csrf-param content=authenticity_token><meta name=csrf-token content=right>'
  return (ask) => {
    const { path, method, body } = ask
    const id = held.ofCookie(ask)
    if (path === '/login' && method === 'POST')
      return isAlice(body.username, body.password) ? { to: '/my', cookies: [cookie(held.begin())] } : { html: login }
    if (path === '/my' && id !== undefined) return { html: `${head}Logged in as ${ALICE.name} ${out}` }
    if (path === '/logout' && method === 'POST') {
      const isMeant = body.authenticity_token === 'right'
      if (isMeant) held.end(id)
      return { status: isMeant ? 200 : 422, html: '', cookies: ['sid=; Path=/; Max-Age=0'] }
    }
    const sure = '<form method=post action=/logout><input type=hidden name=authenticity_token value=right></form>'
    if (path === '/logout' && id !== undefined) return { html: confirms ? sure : '' }
    return { html: login }
  }
}

/** Answers whatever it is asked, and has no logout. */
export function saysYes(): App {
  const held = sessions()
  return (ask) => {
    const { path, method, body } = ask
    if (path === '/api/login' && method === 'POST')
      return isAlice(body.username, body.password) ? { json: { token: held.begin() } } : REFUSED
    if (path === '/api/me') return held.ofBearer(ask) === undefined ? REFUSED : { json: { name: ALICE.name } }
    return path === '/login' || path === '/' ? NOT_FOUND : { json: { ok: true } }
  }
}
