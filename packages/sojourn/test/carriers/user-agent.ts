/** A cookie as RFC 6265bis keeps it (section 5.7), with the partition of CHIPS. */
interface Kept {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly sameSite: string
  readonly partition: string | null
  readonly expiresAt: number
  readonly persistent: boolean
  readonly createdAt: number
}

export interface UserAgentOptions {
  /** Chromium and Firefox take `http://localhost` for secure, Safari does not. */
  readonly trustsLocalhost?: boolean
  readonly clock?: () => number
}

/** The page that embeds this one. Its site is the partition, and decides which requests are cross-site. */
export interface Context {
  readonly topLevelSite?: string
  readonly embedded?: boolean
}

const MAX_PAIR = 4096
const MAX_ATTRIBUTE = 1024
const MAX_AGE_MS = 400 * 86_400_000

/**
 * The cookie side of a browser, written from RFC 6265bis (draft 22) and the CHIPS draft, and from nothing in `src`:
 * what it keeps and sends is what the carrier must have meant.
 */
export class UserAgent {
  #kept: readonly Kept[] = []
  readonly #trustsLocalhost: boolean
  readonly #clock: () => number

  constructor({ trustsLocalhost = true, clock = Date.now }: UserAgentOptions = {}) {
    this.#trustsLocalhost = trustsLocalhost
    this.#clock = clock
  }

  /** Takes one `Set-Cookie`; answers whether anything was kept or removed, or why it was ignored. */
  receive(
    from: string,
    header: string,
    { topLevelSite = siteOf(new URL(from)), embedded = false }: Context = {},
  ): string {
    const url = new URL(from)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the draft refuses these very characters
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(header)) return 'ignored: control character'
    const [pair = '', ...rest] = header.split(';')
    const [name, value] = splitPair(pair)
    if (name === '' && value === '') return 'ignored: empty'
    if (name.length + value.length > MAX_PAIR) return 'ignored: too long'
    const attributes = toAttributes(rest)

    const isSecureOrigin = this.#isSecure(url)
    const secure = attributes.has('secure')
    if (secure && !isSecureOrigin) return 'ignored: Secure over an insecure connection'
    const asked = (attributes.get('domain') ?? '').replace(/^\./, '').toLowerCase()
    if (asked !== '' && isPublicSuffix(asked) && asked !== url.hostname) return 'ignored: public suffix'
    if (asked !== '' && !domainMatches(url.hostname, asked)) return 'ignored: domain'
    const hostOnly = asked === '' || isPublicSuffix(asked)
    const path = attributes.get('path')?.startsWith('/') ? (attributes.get('path') ?? '') : defaultPath(url)
    const sameSite = (attributes.get('samesite') ?? '').toLowerCase()
    const partitioned = attributes.has('partitioned')
    if (partitioned && !secure) return 'ignored: Partitioned without Secure'
    if (sameSite === 'none' && !secure) return 'ignored: SameSite=None without Secure'
    if (embedded && sameSite !== 'none' && topLevelSite !== siteOf(url)) return 'ignored: SameSite from another site'
    const prefixed = (name === '' ? value : name).toLowerCase()
    const isHost = secure && attributes.get('path') === '/' && asked === ''
    if (name === '' && /^__(secure|host|http)-/.test(prefixed)) return 'ignored: prefix without a name'
    if (/^__(secure|http|host-http)-/.test(prefixed) && !secure) return 'ignored: prefix'
    if (prefixed.startsWith('__host-') && !isHost) return 'ignored: __Host- prefix'
    if (/^__(host-)?http-/.test(prefixed) && !attributes.has('httponly')) return 'ignored: __Http- prefix'

    const now = this.#clock()
    const life = toLife(attributes, now)
    const cookie: Kept = {
      name,
      value,
      domain: asked === '' ? url.hostname : asked,
      hostOnly,
      path,
      secure,
      sameSite,
      partition: partitioned ? topLevelSite : null,
      expiresAt: Math.min(
        life ?? Number.POSITIVE_INFINITY,
        life === null ? Number.POSITIVE_INFINITY : now + MAX_AGE_MS,
      ),
      persistent: life !== null,
      createdAt: now,
    }
    if (!isSecureOrigin && this.#kept.some((kept) => kept.secure && overlays(cookie, kept)))
      return 'ignored: leaves Secure alone'
    const old = this.#kept.find((kept) => isSame(kept, cookie))
    this.#kept = [...this.#kept.filter((kept) => kept !== old), { ...cookie, createdAt: old?.createdAt ?? now }]
    this.#sweep()
    return this.#kept.some((kept) => isSame(kept, cookie)) ? 'kept' : 'removed'
  }

  /** The `Cookie` header of a request, or `null`. */
  send(to: string, { topLevelSite = siteOf(new URL(to)), embedded = false }: Context = {}): string | null {
    const url = new URL(to)
    this.#sweep()
    const sent = this.#kept
      .filter((kept) => (kept.hostOnly ? kept.domain === url.hostname : domainMatches(url.hostname, kept.domain)))
      .filter((kept) => pathMatches(url.pathname, kept.path))
      .filter((kept) => !kept.secure || this.#isSecure(url))
      .filter((kept) => kept.partition === null || kept.partition === topLevelSite)
      .filter((kept) => !(embedded && topLevelSite !== siteOf(url)) || kept.sameSite === 'none')
      .sort((a, b) => b.path.length - a.path.length || a.createdAt - b.createdAt)
    return sent.length === 0
      ? null
      : sent.map(({ name, value }) => (name === '' ? value : `${name}=${value}`)).join('; ')
  }

  /** The stored cookies, as `name path domain partition`. */
  list(): readonly string[] {
    this.#sweep()
    return this.#kept.map(({ name, path, hostOnly, domain, partition }) =>
      [name, path, hostOnly ? domain : `.${domain}`, ...(partition === null ? [] : [partition])].join(' '),
    )
  }

  /** The browser is closed and opened again. */
  restart(): void {
    this.#kept = this.#kept.filter(({ persistent }) => persistent)
  }

  #isSecure({ protocol, hostname }: URL): boolean {
    return protocol === 'https:' || (this.#trustsLocalhost && /^(.+\.)?localhost$|^127\.|^\[::1\]$/.test(hostname))
  }

  #sweep(): void {
    this.#kept = this.#kept.filter(({ expiresAt }) => expiresAt > this.#clock())
  }
}

function splitPair(pair: string): readonly [name: string, value: string] {
  const at = pair.indexOf('=')
  return at === -1 ? ['', pair.trim()] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
}

/** The last of a name wins; too long ones are passed over. */
function toAttributes(parts: readonly string[]): ReadonlyMap<string, string> {
  const pairs = parts.map((part) => {
    const at = part.indexOf('=')
    return at === -1 ? ([part, ''] as const) : ([part.slice(0, at), part.slice(at + 1)] as const)
  })
  return new Map(
    pairs
      .filter(([, value]) => value.length <= MAX_ATTRIBUTE)
      .map(([name, value]) => [name.trim().toLowerCase(), value.trim()]),
  )
}

function toLife(attributes: ReadonlyMap<string, string>, now: number): number | null {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge))
    return Number(maxAge) <= 0 ? Number.NEGATIVE_INFINITY : now + Number(maxAge) * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? null : expires
}

function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$|^\[/.test(host))
}

/** Enough of a list for the tests: single labels, and one suffix of two. */
function isPublicSuffix(domain: string): boolean {
  return !domain.includes('.') || domain === 'co.example'
}

function siteOf({ protocol, hostname }: URL): string {
  const labels = hostname.split('.')
  const at = labels.findIndex((_, index) => isPublicSuffix(labels.slice(index + 1).join('.')))
  return `${protocol}//${labels.slice(Math.max(at, 0)).join('.')}`
}

function defaultPath({ pathname }: URL): string {
  const slash = pathname.lastIndexOf('/')
  return slash <= 0 ? '/' : pathname.slice(0, slash)
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true
  return path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/')
}

function isSame(a: Kept, b: Kept): boolean {
  return (['name', 'domain', 'hostOnly', 'path', 'partition'] as const).every((key) => a[key] === b[key])
}

/** Whether a cookie from an insecure origin would stand before a Secure one (section 5.7, step 11). */
function overlays(fresh: Kept, kept: Kept): boolean {
  const domains = domainMatches(fresh.domain, kept.domain) || domainMatches(kept.domain, fresh.domain)
  return fresh.name === kept.name && domains && pathMatches(fresh.path, kept.path)
}
