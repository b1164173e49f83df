import type { App, Ask, Reply } from '../support/web.ts'

/** An application, but for what is done to what it is asked and what it answers. */
export type Twist = (app: App) => App

export const twisted = (app: App, ...twists: readonly Twist[]): App => twists.reduce((made, twist) => twist(made), app)

export const answers =
  (change: (reply: Reply, ask: Ask) => Reply): Twist =>
  (app) =>
  async (ask) =>
    change(await app(ask), ask)

const asks =
  (change: (ask: Ask) => Ask): Twist =>
  (app) =>
  (ask) =>
    app(change(ask))

export const sends = (headers: Readonly<Record<string, string>>, where: (ask: Ask) => boolean = () => true): Twist =>
  answers((reply, ask) => (where(ask) ? { ...reply, headers: { ...reply.headers, ...headers } } : reply))

/** Changes the `Set-Cookie` lines. */
export const setCookies = (change: (line: string) => string): Twist =>
  answers((reply) => (reply.cookies === undefined ? reply : { ...reply, cookies: reply.cookies.map(change) }))

const isDeletion = (line: string) => line.includes('Max-Age=0')

/** The value of `sid`, as the client sees it. `unwrap` gives `null` for what was not made here. */
export function wrapped(wrap: (id: string) => string, unwrap: (value: string) => string | null): Twist {
  const outward = setCookies((line) =>
    isDeletion(line) ? line : line.replace(/^sid=([^;]*)/, (_, id: string) => `sid=${encodeURIComponent(wrap(id))}`),
  )
  const inward = asks((ask) => {
    const { sid, ...others } = Object.fromEntries(ask.cookies)
    const id = sid === undefined ? null : unwrap(decoded(sid))
    return { ...ask, cookies: new Map(Object.entries(id === null ? others : { ...others, sid: id })) }
  })
  return (app) => outward(inward(app))
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** The cookie under another name. */
export function named(name: string): Twist {
  const outward = setCookies((line) => line.replace(/^sid=/, `${name}=`))
  const inward = asks((ask) => {
    const value = ask.cookies.get(name)
    return { ...ask, cookies: new Map(value === undefined ? [] : [['sid', value]]) }
  })
  return (app) => outward(inward(app))
}

/** More at the end of every page. `sid` is the id that the request came with. */
export const prints = (text: (sid: string, ask: Ask) => string, where: (reply: Reply) => boolean = () => true): Twist =>
  answers((reply, ask) => {
    const sid = ask.cookies.get('sid')
    if (sid === undefined || reply.html === undefined || !where(reply)) return reply
    return { ...reply, html: `${reply.html}${text(sid, ask)}` }
  })

/** The id is taken from the address too. */
export const takesFromAddress: Twist = asks((ask) =>
  ask.query.has('sid') ? { ...ask, cookies: new Map([...ask.cookies, ['sid', ask.query.get('sid') ?? '']]) } : ask,
)

/** The id of a session that just began is in the address that the login leads to. */
export const redirectsWithId: Twist = answers((reply, { path }) => {
  const [, id] = /^sid=([^;]+)/.exec(reply.cookies?.[0] ?? '') ?? []
  return path === '/login' && reply.to !== undefined && id !== undefined
    ? { ...reply, to: `${reply.to}?s=${id}` }
    : reply
})

/** Answers to ids of a certain shape. */
export const stumbles = (over: RegExp, reply: Reply): Twist =>
  answers((usual, { cookies }) => (over.test(cookies.get('sid') ?? '') ? reply : usual))

/** Limits the number of unknown ids that a client may try. */
export function limitsGuesses(most: number): Twist {
  let unknown = 0
  return answers((reply, { path, cookies }) =>
    path === '/account' && cookies.has('sid') && reply.to !== undefined && ++unknown > most ? { status: 429 } : reply,
  )
}

export const echoesOrigin = (allows: (origin: string) => boolean): Twist =>
  answers((reply, { headers: { origin } }) =>
    origin === undefined || !allows(origin)
      ? reply
      : {
          ...reply,
          headers: {
            ...reply.headers,
            'access-control-allow-origin': origin,
            'access-control-allow-credentials': 'true',
          },
        },
  )

/** A body of another type is read as JSON when it looks like it: `text/plain` is what a form of another site may send. */
export const readsJsonAsText: Twist = asks((ask) => {
  const [[text = '', rest = ''] = []] = Object.entries(ask.body)
  if (!text.startsWith('{')) return ask
  try {
    return { ...ask, body: JSON.parse(rest === '' ? text : `${text}=${rest}`) as Record<string, string> }
  } catch {
    return ask
  }
})

/** The action is taken as JSON alone, of whatever type. */
export const wantsJson = (strictly: boolean): Twist =>
  ((app) => (ask) => {
    if (ask.path !== '/nickname' || ask.method !== 'POST') return app(ask)
    const type = ask.headers['content-type'] ?? ''
    if (type.startsWith('application/json')) return app(ask)
    const text = Object.entries(ask.body)[0]?.join('=') ?? ''
    const looksSo = text.startsWith('{')
    return strictly || !looksSo ? { status: 415, html: 'JSON only' } : readsJsonAsText(app)(ask)
  }) satisfies Twist

/** As servers with TRACE left on do. */
export const echoesTrace: Twist = answers((reply, { method, path, headers }) =>
  method === 'TRACE'
    ? {
        html: [`TRACE ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join(
          '\r\n',
        ),
      }
    : reply,
)

/** Logout says nothing of the cookie. */
export const leavesCookie: Twist = answers((reply, { path }) =>
  path === '/logout' ? { ...reply, cookies: [] } : reply,
)

/** The id is taken from behind a semicolon in the path, as servlets do; for the client it is an address like any other. */
export const takesFromPath: Twist = asks((ask) => {
  const [path = '', sid] = ask.path.split(';sid=')
  return sid === undefined ? ask : { ...ask, path, cookies: new Map([...ask.cookies, ['sid', sid]]) }
})

/** Changes are refused unless `allows`. */
export const guards =
  (allows: (ask: Ask) => boolean): Twist =>
  (app) =>
  (ask) =>
    ask.path === '/nickname' && !allows(ask) ? { status: 403, html: 'not from here' } : app(ask)

/** The id a second time, in a cookie that scripts read. */
export const copiesToScripts: Twist = answers((reply) => {
  const [, id] = /^sid=([^;]+)/.exec(reply.cookies?.[0] ?? '') ?? []
  return id === undefined
    ? reply
    : { ...reply, cookies: [...(reply.cookies ?? []), `sid_for_scripts=${id}; Path=/; SameSite=Lax`] }
})
