import type { RequestView } from '../../core/contracts/carrier.ts'
import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'

/** The cookie that only the bound browser can renew. */
export interface BoundCookieOptions {
  /** Default: `__Host-session-bound`, and `__Secure-session-bound` with a `domain`. */
  readonly name?: string
  /** The domain of the session's cookie, if that has one. Default: this host only. */
  readonly domain?: string
  /** As the session's cookie. Default `'lax'`. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
}

export interface BoundCookie {
  /** Its attributes, as browsers compare them with what the binding names. */
  readonly attributes: string
  readonly name: string
  /** Returns at most four values: no honest browser sends more. */
  read(view: RequestView): readonly string[]
  write(value: string, maxAgeSeconds: number): string
  clear(): string
}

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const
const NAME = /^__(?:Host|Secure)-[\w-]{1,64}$/
const DOMAIN = /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z\d-]+$/

const MAX_VALUES = 4
const NONE: readonly string[] = []

export function toBoundCookie(options: BoundCookieOptions = {}): BoundCookie {
  checkOptions(options, { name: 'string', domain: 'string', sameSite: Object.keys(SAME_SITE) }, 'deviceBound: cookie')
  const { domain, sameSite = 'lax' } = options
  const { name = `${domain === undefined ? '__Host' : '__Secure'}-session-bound` } = options
  if (!NAME.test(name) || (domain !== undefined && name.startsWith('__Host-'))) {
    throw new SessionError(
      'ERR_OPTION',
      'deviceBound: cookie.name must begin with __Host-, or with __Secure- if there is a domain, and have letters, digits, _ and - only.',
    )
  }
  if (domain !== undefined && !DOMAIN.test(domain)) {
    throw new SessionError('ERR_OPTION', 'deviceBound: cookie.domain must be a domain such as "shop.example".')
  }
  const scope = domain === undefined ? '' : `Domain=${domain}; `
  const attributes = `${scope}Path=/; Secure; HttpOnly; SameSite=${SAME_SITE[sameSite]}`
  return {
    name,
    attributes,
    read: (view) => valuesOf(view.header('cookie') ?? '', `${name}=`),
    write: (value, maxAgeSeconds) => `${name}=${value}; Max-Age=${maxAgeSeconds}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  }
}

/** Every request of a bound session runs this code. */
function valuesOf(header: string, needle: string): readonly string[] {
  if (!header.includes(needle)) return NONE
  const pairs = header.split(';').map((pair) => pair.trim())
  const values = pairs.flatMap((pair) => (pair.startsWith(needle) ? [pair.slice(needle.length)] : NONE))
  return values.filter((value) => value !== '').slice(0, MAX_VALUES)
}
