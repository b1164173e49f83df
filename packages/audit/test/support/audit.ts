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
import { type App, listenerOf } from './web.ts'

/** Serves an application, audits it, and stops it. */
export async function audit(app: App, only: readonly string[], request: Partial<AuditRequest> = {}): Promise<Report> {
  const served = await serve(listenerOf(app))
  try {
    return await auditApplication({
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

/**
 * Tokens that stand in a report; none may. The applications of these tests give out JWTs and ids of 32 hex digits. The dot
 * of a JWT tells it from an ETag that happens to begin like one.
 */
export const leaksIn = (report: Report): string[] =>
  JSON.stringify(report).match(/eyJ[\w-]{10,}\.|\b[0-9a-f]{32}\b|lantern-in-the-window/g) ?? []

/** Tokens that commands use and no answer to an earlier one gives out: who reads the report could not follow. */
export function notGivenIn({ curl, variables, exchanges }: Evidence): string[] {
  const tokens = variables.map(({ name }) => name).filter((name) => !name.includes('PASSWORD'))
  const holds = (text: string, name: string) => new RegExp(`\\b${name}\\b`).test(text)
  return tokens.filter((name) => {
    const used = curl.findIndex((command) => holds(command, name))
    return used >= 0 && !exchanges.slice(0, used).some(({ response }) => holds(JSON.stringify(response), name))
  })
}
