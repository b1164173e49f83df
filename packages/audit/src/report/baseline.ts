import type { Report, ReportedFinding } from '../model/report.ts'

/** Findings that somebody looked at and lives with: `{ "accepted": ["fixation/kept id"] }`. */
export interface Baseline {
  readonly accepted: readonly string[]
}

/** `null` when the text is no baseline. */
export function parseBaseline(text: string): Baseline | null {
  try {
    const { accepted } = JSON.parse(text) as { accepted?: unknown }
    return Array.isArray(accepted) && accepted.every((word) => typeof word === 'string') ? { accepted } : null
  } catch {
    return null
  }
}

export function toBaseline(report: Report): string {
  const accepted = failuresOf(report).map(({ fingerprint }) => fingerprint)
  return `${JSON.stringify({ accepted: [...new Set(accepted)].sort() }, null, 2)}\n`
}

/** All failures, accepted ones too. */
export function failuresOf(report: Report): ReportedFinding[] {
  return report.results.flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === 'fail'))
}
