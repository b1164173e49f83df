import type { Client } from '../http/client.ts'
import { toTimeline } from '../http/evidence.ts'
import type { Exchange } from '../http/exchange.ts'
import { type Secrets, shown } from '../http/masking.ts'
import { cannotJudge, type Finding, SEVERITIES, VERDICTS, type Verdict } from '../model/finding.ts'
import { type CheckResult, REPORT_VERSION, type Report } from '../model/report.ts'
import { VERSION } from '../version.ts'
import { factsOf } from './application.ts'
import type { Check } from './audit.ts'
import type { RunningAudit } from './create-audit.ts'
import { establish } from './establish.ts'
import { lackOf } from './needs.ts'

export type Progress =
  | { readonly kind: 'begin'; readonly check: Check; readonly number: number; readonly of: number }
  | { readonly kind: 'end'; readonly result: CheckResult }
  | { readonly kind: 'note'; readonly text: string }
  /** What the user must know even if the audit is killed before its report. */
  | { readonly kind: 'warning'; readonly text: string }

export interface RunOptions {
  readonly checks: readonly Check[]
  readonly secrets: Secrets
  /** Fingerprints of known and accepted findings. */
  readonly baseline?: ReadonlySet<string>
  readonly onProgress?: (progress: Progress) => void
  readonly beginCleanUp: () => void
  readonly signal?: AbortSignal
}

/** Runs the whole audit: tests the logged-in check, runs each check, and undoes all changes at the end. */
export async function runAudit(audit: RunningAudit, options: RunOptions): Promise<Report> {
  const startedAt = new Date()
  const began = performance.now()
  let untrusted: string | null = null
  const results: CheckResult[] = []
  let leftBehind: readonly string[] = []
  try {
    options.onProgress?.({ kind: 'note', text: 'checking the logged-in check itself' })
    untrusted = await establish(audit)
    for (const [i, check] of inRunOrder(options.checks).entries()) {
      if (options.signal?.aborted) {
        results.push(toResult(check, [interruptedFinding], 0, options))
        continue
      }
      options.onProgress?.({ kind: 'begin', check, number: i + 1, of: options.checks.length })
      const result = await resultOf(audit, check, untrusted, options)
      results.push(result)
      options.onProgress?.({ kind: 'end', result })
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error
    untrusted ??= 'the audit was interrupted'
  } finally {
    options.beginCleanUp()
    options.onProgress?.({
      kind: 'note',
      text: 'undoing changes and ending sessions (waits if logins are limited)',
    })
    leftBehind = (await putRight(audit)).map(audit.say.mask)
  }
  return {
    version: REPORT_VERSION,
    tool: { name: '@sojourn/audit', version: VERSION },
    target: audit.app.target.href,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    application: {
      ...factsOf(audit.app, audit.app.carriers),
      ...(audit.loginLimit === null ? {} : { loginLimit: audit.say.mask(audit.loginLimit) }),
    },
    untrusted: untrusted && audit.say.mask(untrusted),
    results: options.checks.flatMap(({ id }) => results.find(({ check }) => check.id === id) ?? []),
    counts: count(results),
    timeline: audit.app.exchanges.map((exchange: Exchange) => toTimeline(exchange, options.secrets)),
    leftBehind,
  }
}

async function resultOf(
  audit: RunningAudit,
  check: Check,
  untrusted: string | null,
  options: RunOptions,
): Promise<CheckResult> {
  const began = performance.now()
  const lacking = untrusted === null ? lackOf(audit, check.needs) : untrustedFinding(untrusted)
  const findings = lacking === null ? await runCheck(audit, check, options.signal) : [lacking]
  return toResult(check, findings, performance.now() - began, options)
}

function toResult(
  check: Check,
  findings: readonly Finding[],
  durationMs: number,
  { baseline, secrets }: RunOptions,
): CheckResult {
  const { run: _, ...facts } = check
  const reported = findings.map((finding) => {
    const fingerprint = `${check.id}/${finding.about}`
    const severity = finding.verdict === 'fail' ? { severity: finding.severity ?? check.severity } : {}
    // Descriptions of failures may quote an address, so secrets are masked.
    const detail = finding.verdict === 'cannot-judge' ? shown(secrets.mark(finding.detail)) : finding.detail
    return { ...finding, ...severity, detail, fingerprint, accepted: baseline?.has(fingerprint) === true }
  })
  const failures = reported.filter(({ verdict, accepted }) => verdict === 'fail' && !accepted)
  return {
    check: facts,
    verdict: VERDICTS.find((verdict) => reported.some((finding) => finding.verdict === verdict)) ?? 'cannot-judge',
    severity: SEVERITIES.find((severity) => failures.some((failure) => failure.severity === severity)) ?? null,
    findings: reported,
    durationMs: Math.round(durationMs),
  }
}

async function runCheck(audit: RunningAudit, check: Check, signal?: AbortSignal): Promise<readonly Finding[]> {
  try {
    const findings = await check.run(audit)
    // A check may mistake an interrupted request for an answer.
    return signal?.aborted ? findings.map(asInterrupted) : findings
  } catch (error) {
    if (signal?.aborted) return [interruptedFinding]
    const reason = error instanceof Error ? error.message : String(error)
    return [cannotJudge({ about: 'check', title: 'Could not be finished', detail: audit.say.mask(reason) })]
  }
}

const interruptedFinding = cannotJudge({ about: 'check', title: 'Not finished', detail: 'The audit was interrupted.' })

const asInterrupted = (finding: Finding): Finding =>
  finding.verdict === 'cannot-judge' ? { ...interruptedFinding, about: finding.about } : finding

const untrustedFinding = (why: string) =>
  cannotJudge({ about: 'check', title: 'The logged-in check cannot be trusted', detail: why })

function count(results: readonly CheckResult[]): Record<Verdict, number> {
  const counts = { pass: 0, fail: 0, inform: 0, 'not-applicable': 0, 'cannot-judge': 0 }
  for (const { findings } of results) for (const { verdict, accepted } of findings) if (!accepted) counts[verdict]++
  return counts
}

/**
 * Checks that make their own logins, the most important first, because applications limit logins. Checks that are not listed only
 * read, mostly from one shared session, and run before these.
 */
const LOGINS_FROM_HERE = [
  'logout-ends-session',
  'fixation',
  'refresh-rotation',
  'timeouts',
  // Its requests may get the address blocked, and a changed password ends the session that it reads.
  'unknown-ids',
  'password-change',
  'logout-everywhere',
  'cross-site-requests',
  'new-login-ends-old',
  'clear-site-data',
  'puzzling',
  'browser-exposure',
  'concurrent-sessions',
  'token-strength',
]

/** The order in which checks run. The report keeps the given order. */
const inRunOrder = (checks: readonly Check[]): readonly Check[] =>
  checks.toSorted((a, b) => LOGINS_FROM_HERE.indexOf(a.id) - LOGINS_FROM_HERE.indexOf(b.id))

/**
 * Undoes what checks changed, the last change first, then ends every session that the audit made. Resolves to what it could not
 * undo.
 */
async function putRight(audit: RunningAudit): Promise<readonly string[]> {
  const left: string[] = []
  for (const work of audit.endings.toReversed()) {
    const problem = await work().catch((error: unknown) => String(error))
    if (problem !== null) left.push(problem)
  }
  const { begun } = audit
  const alive: Client[] = []
  for (const client of begun) if (!(await end(audit, client))) alive.push(client)
  if (alive.length > 0) {
    left.push(
      audit.app.recipe.logout === undefined
        ? `${alive.length} sessions that the audit made are still alive because no logout is known`
        : `${alive.length} of ${begun.length} sessions that the audit made could not be ended`,
    )
  }
  return left
}

/** Returns whether this session has ended. */
async function end(audit: RunningAudit, client: Client): Promise<boolean> {
  try {
    if ((await audit.ask.as(client, 'is it still logged in')).state === 'out') return true
    if (audit.app.recipe.logout === undefined) return false
    await audit.users.logout(client)
    return audit.app.carriers.length === 0 || (await audit.ask.as(client, 'is it logged out')).state === 'out'
  } catch {
    return false
  }
}
