import { checks as allChecks } from '../checks/index.ts'
import { discover } from '../discover/discover.ts'
import { createEngine, type Engine } from '../http/engine.ts'
import type { Exchange } from '../http/exchange.ts'
import { createSecrets, type Secrets } from '../http/secrets.ts'
import type { Check } from '../model/check.ts'
import type { Report } from '../model/report.ts'
import { environmentOf, fill } from '../recipe/fill.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import type { Application } from './application.ts'
import type { AuditOptions } from './audit.ts'
import { createAudit } from './create-audit.ts'
import { isLoopback } from './loopback.ts'
import { type Progress, runAudit } from './run-audit.ts'
import { LOGINS_UNASKED, MOST_LOGINS } from './sample-tokens.ts'

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
  const { target, user, env } = essentialsOf(request)
  const secrets = createSecrets()
  const engine = createAuditEngine(request, target, secrets)
  const application = await understand(request, engine, secrets, user)
  const { allowChanges = false, patienceMs = 0, samples = 60, browser = false } = request
  const loginSamples = Math.min(request.samples ?? LOGINS_UNASKED, MOST_LOGINS)
  const secondUser = request.secondUser ?? request.recipe?.secondUser ?? null
  const signal = request.signal && { signal: request.signal }
  const options = { allowChanges, patienceMs, samples, loginSamples, browser }
  const warn = (text: string) => request.onProgress?.({ kind: 'warning', text })
  const audit = createAudit({ engine, secrets, application, user, secondUser, options, env, warn, ...signal })
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
  const given = request.user ?? request.recipe?.user
  if (given === undefined) throw new Refused('no user to log in as')
  const environment = environmentOf(given, env)
  return { env, target, user: { name: fill(given.name, environment), password: fill(given.password, environment) } }
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
  return { source: 'discovery', recipe: await discover(engine, secrets, user) }
}
