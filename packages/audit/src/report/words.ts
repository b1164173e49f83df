import { SEVERITIES, type Severity, type Verdict } from '../model/finding.ts'
import type { Report, ReportedFinding } from '../model/report.ts'

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  fail: 'fail',
  'cannot-judge': 'cannot judge',
  inform: 'inform',
  pass: 'pass',
  'not-applicable': 'not applicable',
}

/** Counts the failures that are not in the baseline by severity, worst first. Omits severities without any. */
export function failuresBySeverity(report: Report): readonly (readonly [Severity, number])[] {
  const counts = new Map<Severity, number>()
  for (const { finding, severity } of failuresOf(report)) {
    if (!finding.accepted) counts.set(severity, (counts.get(severity) ?? 0) + 1)
  }
  return SEVERITIES.flatMap((severity) => {
    const count = counts.get(severity)
    return count === undefined ? [] : [[severity, count] as const]
  })
}

export interface Failure {
  readonly finding: ReportedFinding
  readonly severity: Severity
  readonly check: Report['results'][number]['check']
}

export function failuresOf(report: Report): Failure[] {
  return report.results.flatMap(({ check, findings }) =>
    findings
      .filter(({ verdict }) => verdict === 'fail')
      .map((finding) => ({ finding, check, severity: finding.severity ?? check.severity })),
  )
}

/** `one failure`, `3 failures` */
export function count(number: number, one: string, more: string = `${one}s`): string {
  return number === 1 ? `one ${one}` : `${number === 0 ? 'no' : number} ${more}`
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 90_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** The result of the whole report in one sentence. */
export function verdictOf(report: Report): string {
  if (report.untrusted !== null) return 'No verdict: the logged-in check cannot be trusted.'
  const failures = failuresBySeverity(report)
  if (failures.length === 0) return 'Nothing failed.'
  const total = failures.reduce((sum, [, number]) => sum + number, 0)
  const first = count(total, 'failure')
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}: ${failures.map(([severity, number]) => `${number} ${severity}`).join(', ')}.`
}

/** Splits text into lines of at most this width. All but the first are indented. A longer word stays whole. */
export function paragraph(text: string, width: number, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const next = line === '' ? word : `${line} ${word}`
    if (line !== '' && next.length > width - indent.length) {
      lines.push(line)
      line = word
    } else line = next
  }
  return [...lines, line].join(`\n${indent}`)
}
