import type { Application } from './audit/application.ts'
import type { AuditOptions, Clock } from './audit/audit.ts'
import type { Check } from './audit/check.ts'
import { createAudit } from './audit/create-audit.ts'
import { type Progress, runAudit } from './audit/run-audit.ts'
import { checks as allChecks } from './checks/index.ts'
import { LOGINS_UNASKED, MOST_LOGINS } from './checks/lib/sample-tokens.ts'
import { discover } from './discover/discover.ts'
import { createEngine, type Engine } from './http/engine.ts'
import type { Exchange } from './http/exchange.ts'
import { createSecrets, type Secrets } from './http/masking.ts'
import { isLoopback } from './judge/cookie/channel.ts'
import type { Report } from './model/report.ts'
import { environmentOf, fill } from './recipe/fill.ts'
import type { Recipe, User } from './recipe/recipe.ts'

export interface AuditRequest extends Partial<Omit<AuditOptions, 'loginSamples'>> {
  /** Address of the application; the recipe's without it. */
  readonly target?: string
  /** The recipe's without it. */
  readonly user?: User
  readonly secondUser?: User
  /** How to log in; without it, found out. */
  readonly recipe?: Recipe
  /** Whoever runs the application agrees. Needed for any host but this one. */
  readonly authorized?: boolean
  /** Requests a second; default 200 on this host, 10 on others. */
  readonly rate?: number
  /** Requests in all; default 3000. */
  readonly cap?: number
  /** For one answer; default 10 000. */
  readonly timeoutMs?: number
  /** Accepts any certificate. Only on this host. */
  readonly insecureTls?: boolean
  readonly checks?: readonly Check[]
  /** Fingerprints of findings that are known. */
  readonly baseline?: ReadonlySet<string>
  /** For `${env.NAME}` in recipes; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Ends the audit early; what it changed is put back all the same. */
  readonly signal?: AbortSignal
  /** What `patienceMs` is measured by; default: the real one. */
  readonly clock?: Clock
  readonly onProgress?: (progress: Progress) => void
  readonly onExchange?: (exchange: Exchange) => void
}

/** The audit was asked for what it must not or cannot do. */
export class Refused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Refused'
  }
}

/** Audits the sessions of an application from outside. Throws `Refused` and `DiscoveryFailed` before anything is judged. */
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

/** The address that may be audited. Throws `Refused` for one that may not. */
export function assertAllowed(request: AuditRequest): URL {
  const address = request.target ?? request.recipe?.target
  if (address === undefined) throw new Refused('no target: the address of the application')
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new Refused(`not an address: ${address}`)
  }
  const target = new URL(address)
  if (!isLoopback(target.hostname) && request.authorized !== true) {
    throw new Refused(
      `${target.host} is not this machine: auditing it needs the consent of who runs it, and --i-am-authorized`,
    )
  }
  if (request.insecureTls === true && !isLoopback(target.hostname)) {
    throw new Refused('certificates are taken unseen only on this machine')
  }
  return target
}

function essentialsOf(request: AuditRequest) {
  const env = request.env ?? process.env
  const target = assertAllowed(request)
  const user = userOf(request.user, request.recipe?.user, env)
  if (user === null) throw new Refused('no user to log in as')
  return { env, target, user, secondUser: userOf(request.secondUser, request.recipe?.secondUser, env) }
}

/** `${env.NAME}` stands for something in a recipe. What somebody typed is taken as it is: passwords hold such signs too. */
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
