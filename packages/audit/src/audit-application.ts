import type { Application } from './audit/application.ts'
import type { AuditOptions, Check, Clock } from './audit/audit.ts'
import { createAudit } from './audit/create-audit.ts'
import { type Progress, runAudit } from './audit/run-audit.ts'
import { checks as allChecks } from './checks/index.ts'
import { LOGINS_UNASKED, MOST_LOGINS } from './checks/lib/sample-tokens.ts'
import { discover } from './discover/discover.ts'
import { createEngine, type Engine } from './http/engine.ts'
import type { Exchange } from './http/exchange.ts'
import { createSecrets, type Secrets } from './http/masking.ts'
import { isLoopback } from './judge/cookie/attributes.ts'
import type { Report } from './model/report.ts'
import { environmentOf, fill } from './recipe/fill.ts'
import type { Recipe, User } from './recipe/recipe.ts'

export interface AuditRequest extends Partial<Omit<AuditOptions, 'loginSamples'>> {
  /** The address of the application. Default: the recipe's. */
  readonly target?: string
  /** Default: the recipe's. */
  readonly user?: User
  readonly secondUser?: User
  /** How to log in. Omitted: discovery finds out. */
  readonly recipe?: Recipe
  /** The operator of the application agrees. Required for any host but this machine. */
  readonly authorized?: boolean
  /** Requests per second. Default 200 on this machine, 10 on others. */
  readonly rate?: number
  /** The maximum number of requests. Default 3000. */
  readonly cap?: number
  /** The time limit of one answer. Default 10 000. */
  readonly timeoutMs?: number
  /** Accepts any certificate. Allowed on this machine only. */
  readonly insecureTls?: boolean
  readonly checks?: readonly Check[]
  /** Fingerprints of known findings. */
  readonly baseline?: ReadonlySet<string>
  /** For `${env.NAME}` in recipes; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Ends the audit early. The audit still undoes its changes. */
  readonly signal?: AbortSignal
  /** The clock for `patienceMs`. Default: the real one. */
  readonly clock?: Clock
  readonly onProgress?: (progress: Progress) => void
  readonly onExchange?: (exchange: Exchange) => void
}

/** The audit was asked for something that is not allowed or not possible. */
export class Refused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Refused'
  }
}

/** Audits the sessions of an application from outside. Throws `Refused` and `DiscoveryFailed` before any check runs. */
export async function auditApplication(request: AuditRequest): Promise<Report> {
  const { target, user, secondUser, env } = essentialsOf(request)
  const secrets = createSecrets()
  const engine = createAuditEngine(request, target, secrets)
  const application = await understand(request, engine, secrets, user)
  const { allowChanges = false, patienceMs = 0, samples = 60, browser = false } = request
  const loginSamples = Math.min(request.samples ?? LOGINS_UNASKED, MOST_LOGINS)
  const signal = request.signal && { signal: request.signal }
  const clock = request.clock && { clock: request.clock }
  const options = { allowChanges, patienceMs, samples, loginSamples, browser }
  const warn = (text: string) => request.onProgress?.({ kind: 'warning', text })
  const audit = createAudit({ engine, secrets, application, user, secondUser, options, env, warn, ...signal, ...clock })
  return runAudit(audit, {
    checks: request.checks ?? allChecks,
    secrets,
    beginCleanUp: engine.beginCleanUp,
    ...(request.baseline && { baseline: request.baseline }),
    ...(request.onProgress && { onProgress: request.onProgress }),
    ...signal,
  })
}

/** Returns the address to audit. Throws `Refused` if auditing it is not allowed. */
export function assertAllowed(request: AuditRequest): URL {
  const address = request.target ?? request.recipe?.target
  if (address === undefined) throw new Refused('no target: give the address of the application')
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new Refused(`not an address: ${address}`)
  }
  const target = new URL(address)
  if (!isLoopback(target.hostname) && request.authorized !== true) {
    throw new Refused(
      `${target.host} is not this machine: get the permission of its operator, and add --i-am-authorized`,
    )
  }
  if (request.insecureTls === true && !isLoopback(target.hostname)) {
    throw new Refused('certificates can only be ignored on this machine: remove the option or audit localhost')
  }
  return target
}

function essentialsOf(request: AuditRequest) {
  const env = request.env ?? process.env
  const target = assertAllowed(request)
  const user = userOf(request.user, request.recipe?.user, env)
  if (user === null) throw new Refused('no user to log in as: give --user, or a user in the recipe')
  return { env, target, user, secondUser: userOf(request.secondUser, request.recipe?.secondUser, env) }
}

/**
 * `${env.NAME}` is replaced in recipes only. A value that somebody typed is used unchanged, because passwords may contain such
 * characters.
 */
function userOf(given: User | undefined, told: User | undefined, env: NonNullable<AuditRequest['env']>): User | null {
  const user = given ?? told
  if (user === undefined) return null
  const filled = (name: keyof User) =>
    user[name] === told?.[name] ? fill(user[name], environmentOf(user[name], env)) : user[name]
  return { name: filled('name'), password: filled('password') }
}

export function createAuditEngine(request: AuditRequest, target: URL, secrets: Secrets): Engine {
  return createEngine({
    target,
    rate: request.rate ?? (isLoopback(target.hostname) ? 200 : 10),
    cap: request.cap ?? 3000,
    timeoutMs: request.timeoutMs ?? 10_000,
    insecureTls: request.insecureTls ?? false,
    hosts: request.recipe?.hosts ?? [],
    ...(request.signal && { signal: request.signal }),
    onExchange(exchange) {
      secrets.learnFrom(exchange)
      request.onExchange?.(exchange)
    },
  })
}

async function understand(request: AuditRequest, engine: Engine, secrets: Secrets, user: User): Promise<Application> {
  if (request.recipe !== undefined) return { source: 'recipe', recipe: request.recipe }
  request.onProgress?.({ kind: 'note', text: 'looking for the login' })
  return { source: 'discovery', recipe: await discover(engine, secrets, user, request.signal) }
}
