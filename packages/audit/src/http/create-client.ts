import { Cookie, CookieJar } from 'tough-cookie'
import type { Client, HeldCookie, RequestOptions } from './client.ts'
import type { Engine } from './engine.ts'
import { type Exchange, type Headers, headerOf, valuesOf } from './exchange.ts'

/** The headers of a browser. Some applications answer other clients with JSON, incomplete pages, or 403. */
const USUAL: Headers = [
  ['user-agent', 'sojourn-audit (+https://www.npmjs.com/package/@sojourn/audit)'],
  ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['accept-language', 'en'],
]

/** The suffix of the purpose of a redirected request. */
export const REDIRECTED = ', redirected'

const MOST_REDIRECTS = 10

/** Creates a client that has not contacted the application yet. */
export function createClient(engine: Engine, name: string): Client {
  const jar = newJar()
  const exchanges: Exchange[] = []
  const heldAt = new WeakMap<Exchange, readonly HeldCookie[]>()
  let bearer: string | null = null

  function cookieHeader(url: string): string {
    return jar.getCookieStringSync(new URL(url, engine.target).href)
  }

  async function send(options: RequestOptions): Promise<Exchange> {
    const url = new URL(options.url, engine.target)
    url.hash = ''
    const { method = 'GET', body = null } = options
    const own: [string, string][] = [['host', url.host]]
    const given = new Set((options.headers ?? []).map(([held]) => held.toLowerCase()))
    own.push(...USUAL.filter(([held]) => !given.has(held)).map(([held, value]): [string, string] => [held, value]))
    const authorization = options.authorization ?? (bearer === null ? '' : `Bearer ${bearer}`)
    if (authorization !== '' && !given.has('authorization')) own.push(['authorization', authorization])
    const cookie = options.cookie ?? cookieHeader(url.href)
    if (cookie !== '') own.push(['cookie', cookie])
    // Browsers send the origin of every request except a GET, and some applications refuse requests without it.
    if (!/^(GET|HEAD|TRACE)$/.test(method) && !given.has('origin')) own.push(['origin', url.origin])
    if (body !== null || /^(POST|PUT|PATCH)$/.test(method)) {
      own.push(['content-length', String(Buffer.byteLength(body ?? ''))])
    }
    const headers = [...own, ...(options.headers ?? [])]
    const held = heldBy(jar)
    const exchange = await engine.exchange(name, options.purpose, { method, url: url.href, headers, body })
    for (const line of valuesOf(exchange.response?.headers ?? [], 'set-cookie')) keep(line, url.href)
    exchanges.push(exchange)
    heldAt.set(exchange, held)
    return exchange
  }

  function keep(line: string, url: string): void {
    try {
      jar.setCookieSync(line, url, { ignoreError: true })
    } catch {
      // Browsers ignore a cookie that they cannot parse.
    }
  }

  async function follow(options: RequestOptions): Promise<readonly Exchange[]> {
    const chain = [await send(options)]
    while (chain.length <= MOST_REDIRECTS) {
      const next = redirectOf(chain.at(-1), options, engine)
      if (next === null) break
      chain.push(await send(next))
    }
    return chain
  }

  return {
    name,
    get bearer() {
      return bearer
    },
    set bearer(value) {
      bearer = value
    },
    send,
    follow,
    cookieHeader,
    cookies: () => heldBy(jar),
    hold: (cookie) => plant(jar, cookie),
    drop: (cookie) => dropFrom(jar, cookie),
    exchanges,
    heldAt: (exchange) => heldAt.get(exchange) ?? [],
  }
}

const newJar = () => new CookieJar(undefined, { rejectPublicSuffixes: false, allowSecureOnLocal: true })

/** Where a browser goes next, and with which method. `null`: nowhere, or to a host that is not audited. */
function redirectOf(last: Exchange | undefined, first: RequestOptions, engine: Engine): RequestOptions | null {
  const status = last?.response?.status ?? 0
  const location = headerOf(last?.response ?? null, 'location')
  if (last === undefined || location === null || ![301, 302, 303, 307, 308].includes(status)) return null
  if (!URL.canParse(location, last.request.url)) return null
  const url = new URL(location, last.request.url)
  if (!engine.isInScope(url)) return null
  const keeps = status === 307 || status === 308 || /^(GET|HEAD)$/.test(last.request.method)
  const purpose = first.purpose + REDIRECTED
  if (!keeps) return { url: url.href, purpose }
  return { ...first, method: last.request.method, url: url.href, purpose, body: last.request.body }
}

function heldBy(jar: CookieJar): HeldCookie[] {
  const { cookies } = jar.serializeSync() ?? { cookies: [] }
  return cookies.flatMap((held) => {
    const cookie = Cookie.fromJSON(held)
    if (cookie === undefined) return []
    const expires = cookie.expiryTime()
    if (expires !== undefined && expires <= Date.now()) return []
    return [
      {
        name: cookie.key,
        value: cookie.value,
        domain: cookie.domain ?? '',
        hostOnly: cookie.hostOnly === true,
        path: cookie.path ?? '/',
        secure: cookie.secure,
        httpOnly: cookie.httpOnly,
        sameSite: cookie.sameSite ?? null,
        expiresAt: expires === undefined || !Number.isFinite(expires) ? null : expires,
      },
    ]
  })
}

function plant(jar: CookieJar, held: HeldCookie): void {
  const cookie = new Cookie({
    key: held.name,
    value: held.value,
    path: held.path,
    pathIsDefault: false,
    secure: held.secure,
    httpOnly: held.httpOnly,
    ...(held.hostOnly ? {} : { domain: held.domain }),
    ...(held.sameSite === null ? {} : { sameSite: held.sameSite }),
    ...(held.expiresAt === null ? {} : { expires: new Date(held.expiresAt) }),
  })
  const host = held.domain.includes(':') ? `[${held.domain}]` : held.domain
  jar.setCookieSync(cookie, `https://${host}${held.path}`, { ignoreError: true })
}

function dropFrom(jar: CookieJar, name: string): void {
  for (const { domain, path } of heldBy(jar).filter((cookie) => cookie.name === name)) {
    jar.store.removeCookie(domain, path, name, () => undefined)
  }
}
