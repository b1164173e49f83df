import {
  type AuditRequest,
  auditApplication,
  checks,
  type Evidence,
  type Report,
  type ReportedFinding,
} from '@sojourn/audit'
import { ALICE } from './cookie-app.ts'
import { serve } from './serve.ts'
import { shownIn, tokensIn } from './tokens-seen.ts'
import { type App, listenerOf } from './web.ts'

/** The tokens that each audit sent and received. */
const seenBy = new WeakMap<Report, ReadonlySet<string>>()

/** Audits an application, and notes every token on the wire for `leaksIn`. */
export async function auditWatched(request: AuditRequest): Promise<Report> {
  const seen = new Set<string>()
  const report = await auditApplication({
    ...request,
    onExchange(exchange) {
      for (const token of tokensIn(exchange)) seen.add(token)
      request.onExchange?.(exchange)
    },
  })
  seenBy.set(report, seen)
  return report
}

/** Serves an application, audits it, and stops it. */
export async function audit(app: App, only: readonly string[], request: Partial<AuditRequest> = {}): Promise<Report> {
  const served = await serve(listenerOf(app))
  try {
    return await auditWatched({
      target: served.url,
      user: ALICE,
      checks: checks.filter(({ id }) => only.includes(id)),
      rate: 10_000,
      ...request,
    })
  } finally {
    await served.close()
  }
}

/** Verdicts by `check/about`. */
export function verdicts(report: Report): Record<string, string> {
  return Object.fromEntries(findings(report).map(({ fingerprint, verdict }) => [fingerprint, verdict]))
}

export const findings = (report: Report): ReportedFinding[] => report.results.flatMap((result) => result.findings)

/** The tokens of this audit that its report shows, whole or in part, and the password. A report must show none. */
export function leaksIn(report: Report): string[] {
  const seen = seenBy.get(report)
  if (seen === undefined || seen.size === 0) throw new Error('no token of this audit is known: use auditWatched')
  return shownIn(report, [...seen, ALICE.password])
}

/** Tokens that commands use although no earlier answer issued them: a reader could not run such commands. */
export function notGivenIn({ curl, variables, exchanges }: Evidence): string[] {
  const tokens = variables.map(({ name }) => name).filter((name) => !name.includes('PASSWORD'))
  const holds = (text: string, name: string) => new RegExp(`\\b${name}\\b`).test(text)
  return tokens.filter((name) => {
    const used = curl.findIndex((command) => holds(command, name))
    return used >= 0 && !exchanges.slice(0, used).some(({ response }) => holds(JSON.stringify(response), name))
  })
}
