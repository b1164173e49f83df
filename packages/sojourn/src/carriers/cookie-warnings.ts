import type { Carrier, RequestView } from '../core/contracts/carrier.ts'
import { hostnameOf, isForwarded, isLoopback, isLoopbackOrigin, saysHttps } from '../core/lib/view.ts'
import { tell, type Warn } from '../core/lib/warn.ts'
import type { CookieForm } from './cookie-options.ts'

/** `sent`: the cookie as this response sends it. `wanted`: the cookie as configured. */
type Applies = (view: RequestView, sent: CookieForm, wanted: CookieForm) => boolean

/**
 * Why a browser would drop the cookie, or not send it again. The first that applies counts. The texts repeat nothing from the request because clients wrote it.
 */
const WARNINGS: readonly (readonly [Applies, string])[] = [
  [
    (view, sent) => sent.secure && !view.secure && saysHttps(view),
    "it is Secure, and a proxy reports HTTPS, but is not trusted. If the proxy is yours, set trustProxy (Express: app.set('trust proxy', 1); Fastify: the proxy's address, not a number).",
  ],
  [
    (view, sent) => sent.secure && !view.secure && view.header('x-forwarded-proto')?.toLowerCase() === 'http',
    'it is Secure, and X-Forwarded-Proto reports plain HTTP. Serve over HTTPS; behind two proxies, configure the second to pass the header on.',
  ],
  [
    (view, sent) => sent.secure && !view.secure && (!isLoopback(view) || isForwarded(view)),
    "it is Secure, and the request came over plain HTTP. Serve over HTTPS; if a proxy does, configure it to send X-Forwarded-Proto, and set trustProxy (Express: app.set('trust proxy', 1)).",
  ],
  [
    (view) => isLoopback(view) && !isLoopbackOrigin(view),
    'the request is for localhost, but its Origin is not. Configure the proxy to pass Host on; in development, open the page on localhost.',
  ],
  [
    (view, { domain }) => domain !== null && !`.${hostnameOf(view)}`.endsWith(`.${domain}`),
    'its domain does not match the host of this request. Correct it, or configure the proxy to pass Host on.',
  ],
  [
    // A page of another site can set a Lax or Strict cookie only by navigating the whole tab (RFC 6265bis, section 5.7).
    (view, _, { sameSite }) =>
      sameSite !== 'none' &&
      view.header('sec-fetch-site') === 'cross-site' &&
      view.header('sec-fetch-dest') !== 'document',
    "a page of another site made the request (localhost and 127.0.0.1 are two). In a frame there, set sameSite: 'none' and partitioned: true.",
  ],
  [
    (_, sent, wanted) => sent.sameSite !== wanted.sameSite,
    "sameSite: 'none' needs HTTPS, so http://localhost gets 'lax', and other sites cannot embed this one.",
  ],
]

/**
 * A page of any site can cause a GET, and a login in it lets a stranger log users in as somebody else. A long text in its address
 * can be a proof that no stranger has: the `state` of an OAuth callback, the token of a link in a mail.
 */
const BY_LINK =
  'a GET logged in, which any link or image can cause. Use a POST; a link in a mail opens a page with a button.'

function isLink({ method, url }: RequestView): boolean {
  return method === 'GET' && !/[\w~-]{20}/.test(url)
}

/** What each receiver has been told. One cause affects the session's cookie and those of guards alike. */
const told = new WeakMap<Warn, Set<string>>()

/**
 * Reports the reason of a request, each once to one receiver, however many requests and cookies there are. `isLogin`: of a request
 * in development that logged a user in.
 */
export function createWarnings(
  wanted: CookieForm,
  warn: Warn,
): (sent: CookieForm, view: RequestView, isLogin?: boolean) => void {
  const said = told.get(warn) ?? new Set()
  told.set(warn, said)
  const say = (reason: string, before = ''): void => {
    if (said.has(reason)) return
    said.add(reason)
    tell(warn, before + reason)
  }
  return (sent, view, isLogin) => {
    const found = WARNINGS.find(([applies]) => applies(view, sent, wanted))
    if (found !== undefined) say(found[1], `browsers may drop the cookie "${sent.name}": `)
    if (isLogin && isLink(view)) say(BY_LINK)
  }
}

type Foreign = NonNullable<Carrier['foreign']>

/** Detects others that set a cookie with our name. */
interface Neighbors {
  readonly foreign: Foreign
  /** Records that we set our cookie. */
  readonly own: (view: RequestView, token: string) => void
}

/** What a carrier knows of its own cookie. */
interface Knowledge {
  hasSet: boolean
  hasTold: boolean
}

/** The carriers of this process that set the latest tokens, by the part of a token that names its session and opens nothing. */
const setters = new Map<string, Knowledge>()
const MAX_SETTERS = 100
const NAME_CHARACTERS = 21

const SHARED = 'another createSessions() in this process has set: each ends the logins of the other. Use one.'
const FOREIGN = 'this application did not set. All ports of localhost share cookies: each ends the logins of the other.'

/**
 * Browsers send a cookie to every port of a host. So applications on different ports of localhost overwrite each other's cookie
 * if it has the same name, and a login in one ends the login in the other: a warning in development. So do two
 * `createSessions()` in one process, on any host: a warning in production, too. Warns once. An unknown token may also be left from
 * an earlier run with the memory store, but not if another carrier of this process has set it, or it arrives after we set ours.
 */
export function createNeighbors(ours: {
  readonly isDevelopment: boolean
  readonly nameOf: (view: RequestView) => string
  readonly read: Carrier['read']
  readonly warn: Warn
}): Neighbors {
  const mine: Knowledge = { hasSet: false, hasTold: false }

  return {
    own(view, token) {
      mine.hasSet ||= isLoopback(view)
      setters.set(token.slice(0, NAME_CHARACTERS), mine)
      const [oldest = ''] = setters.keys()
      if (setters.size > MAX_SETTERS) setters.delete(oldest)
    },
    foreign(view, why) {
      if (mine.hasTold) return
      const isUnknown = why === 'unknown'
      const [setter = mine] = ours
        .read(view)
        .values.flatMap((value) => setters.get(value.slice(0, NAME_CHARACTERS)) ?? [])
      const isShared = isUnknown && setter !== mine
      const isElsewhere = ours.isDevelopment && isLoopback(view) && (!isUnknown || mine.hasSet)
      if (!isShared && !isElsewhere) return
      setter.hasTold = mine.hasTold = true
      const text = isShared ? SHARED : FOREIGN
      tell(
        ours.warn,
        `received a cookie "${ours.nameOf(view)}" that ${text} Give each its own name: cookie: { name: '__Host-my-app' }.`,
      )
    },
  }
}
