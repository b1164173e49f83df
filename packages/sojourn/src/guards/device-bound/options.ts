import { checkOptions, type OptionKinds } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { Sight } from '../../core/contracts/guard.ts'
import { type BoundCookie, type BoundCookieOptions, toBoundCookie } from './cookie.ts'

/**
 * What a session that is not bound may do. `'offer'`: everything. `'prefer'`: everything, but a minute after the user proved
 * their identity the proof no longer counts. `'require'`: nothing, a minute after that.
 */
export type BindingPolicy = 'offer' | 'prefer' | 'require'

/** A part of the site that belongs to the scope or not. */
export interface ScopeRule {
  readonly type: 'include' | 'exclude'
  /** A host, or `*.shop.example`. Default: every host of the scope. */
  readonly domain?: string
  /** This path and all below it. Default `/`. */
  readonly path?: string
}

/** For which requests the browser renews the bound cookie first. */
export interface BindingScope {
  /** Whether the binding is for all hosts of the site. Needs a `cookie.domain`. Default: for this origin only. */
  readonly includeSite?: boolean
  /** Exceptions, such as static files. A request of a bound session without its cookie is refused there too. */
  readonly rules?: readonly ScopeRule[]
}

/** Everything can be left out. */
export interface DeviceBoundOptions {
  /** For all unbound sessions, or a function for given users and routes. Default `'offer'`. */
  readonly policy?: BindingPolicy | ((sight: Sight) => BindingPolicy)
  /**
   * What happens to a request of a bound session without the bound cookie. `'withhold'`: it continues anonymously, and the session
   * stays. `'end'`: the session ends. Default `'withhold'`.
   */
  readonly unproven?: 'withhold' | 'end'
  /** Such a request stays logged in, and only the proof of identity no longer counts. A copied cookie then keeps working. */
  readonly insecureOnlyDistrust?: boolean
  /** How long a bound cookie is valid. Browsers renew it about two minutes before. Default `'10m'`. */
  readonly lifetime?: Duration
  /**
   * A shorter limit for this request, such as a payment, or a request from a new network: the browser's last proof must be at most
   * this old. Otherwise the browser is made to prove itself and then repeats the request. Return at least 10 seconds, or `null`
   * for no other limit. Called for requests of bound sessions.
   */
  readonly proofWithin?: (sight: Sight) => Duration | null
  /** The guard answers `register` and `refresh` below this path. Default `'/device-bound'`. */
  readonly path?: `/${string}`
  readonly cookie?: BoundCookieOptions
  readonly scope?: BindingScope
  /** Hosts of other sites whose pages may cause a refresh: `portal.example`, `*.portal.example`. Default: none. */
  readonly refreshInitiators?: readonly string[]
}

const KINDS: OptionKinds<DeviceBoundOptions> = {
  policy: 'any',
  unproven: ['withhold', 'end'],
  insecureOnlyDistrust: 'boolean',
  lifetime: 'any',
  proofWithin: 'function',
  path: 'string',
  cookie: 'object',
  scope: 'object',
  refreshInitiators: 'array',
}

/** The options with all defaults, checked. */
export interface Settings {
  readonly policyOf: (sight: Sight) => BindingPolicy
  readonly unproven: 'withhold' | 'end' | 'distrust'
  readonly lifetimeMs: number
  readonly proofWithinMs: (sight: Sight) => number
  readonly registerPath: string
  readonly refreshPath: string
  readonly cookie: BoundCookie
  /** What the browser is told about the binding, except its identifier. */
  readonly instructions: object
}

const POLICIES: readonly unknown[] = ['offer', 'prefer', 'require'] satisfies BindingPolicy[]
const PATH = /^(?:\/[\w~-][\w.~-]*)+$/

export function toSettings(options: DeviceBoundOptions): Settings {
  checkOptions(options, KINDS, 'deviceBound')
  const { policy = 'offer', path = '/device-bound', lifetime = '10m', proofWithin, insecureOnlyDistrust } = options
  if (typeof policy !== 'function') assertPolicy(policy)
  if (!PATH.test(path))
    throw new SessionError('ERR_OPTION', 'deviceBound: path must be a plain path such as "/device-bound".')
  const cookie = toBoundCookie(options.cookie)
  return {
    policyOf: typeof policy === 'function' ? (sight) => assertPolicy(policy(sight)) : () => policy,
    unproven: insecureOnlyDistrust === true ? 'distrust' : (options.unproven ?? 'withhold'),
    lifetimeMs: toMs(lifetime, 'deviceBound: lifetime'),
    proofWithinMs(sight) {
      const within = proofWithin?.(sight) ?? null
      return within === null ? Number.POSITIVE_INFINITY : Math.max(toMs(within, 'proofWithin'), SHORTEST_MS)
    },
    registerPath: `${path}/register`,
    refreshPath: `${path}/refresh`,
    cookie,
    instructions: toInstructions(options, cookie, `${path}/refresh`),
  }
}

/** A browser that has just proved itself needs a moment to repeat the request. */
const SHORTEST_MS = 10_000

function assertPolicy(policy: BindingPolicy): BindingPolicy {
  if (POLICIES.includes(policy)) return policy
  throw new SessionError('ERR_OPTION', `deviceBound: policy must be ${POLICIES.join(', ')}.`)
}

function toInstructions(options: DeviceBoundOptions, cookie: BoundCookie, refreshPath: string): object {
  const { scope = {}, refreshInitiators = [], cookie: { domain } = {} } = options
  checkOptions(scope, { includeSite: 'boolean', rules: 'array' }, 'deviceBound: scope')
  const { includeSite = false, rules = [] } = scope
  if (includeSite && domain === undefined) {
    throw new SessionError(
      'ERR_OPTION',
      'deviceBound: scope.includeSite needs cookie.domain: the other hosts get no cookie of this one.',
    )
  }
  for (const rule of rules) {
    checkOptions(rule, { type: ['include', 'exclude'], domain: 'string', path: 'string' }, 'deviceBound: scope.rules')
  }
  return {
    refresh_url: refreshPath,
    scope: {
      // A binding of the whole site names the site itself, wherever the user logged in.
      ...(includeSite && { origin: `https://${domain}` }),
      include_site: includeSite,
      scope_specification: rules.map(({ type, domain = '*', path = '/' }) => ({ type, domain, path })),
    },
    credentials: [{ type: 'cookie', name: cookie.name, attributes: cookie.attributes }],
    allowed_refresh_initiators: refreshInitiators,
  }
}
