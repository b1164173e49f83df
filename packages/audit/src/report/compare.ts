import type { Verdict } from '../model/finding.ts'
import type { Report, ReportedFinding } from '../model/report.ts'

export interface Difference {
  readonly fingerprint: string
  readonly title: string
  /** `null` if it is not in the report. */
  readonly before: Verdict | null
  readonly after: Verdict | null
}

/** Returns the findings whose verdict differs from an earlier report, worst first. */
export function compareReports(earlier: Report, later: Report): Difference[] {
  const before = verdictsOf(earlier)
  const after = verdictsOf(later)
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((fingerprint) => ({
      fingerprint,
      title: (after.get(fingerprint) ?? before.get(fingerprint))?.title ?? '',
      before: before.get(fingerprint)?.verdict ?? null,
      after: after.get(fingerprint)?.verdict ?? null,
    }))
    .filter((difference) => difference.before !== difference.after)
    .sort((a, b) => Number(b.after === 'fail') - Number(a.after === 'fail'))
}

function verdictsOf(report: Report): Map<string, ReportedFinding> {
  return new Map(report.results.flatMap(({ findings }) => findings.map((finding) => [finding.fingerprint, finding])))
}

/** Findings that somebody has reviewed and accepted: `{ "accepted": ["fixation/kept id"] }`. */
export interface Baseline {
  readonly accepted: readonly string[]
}

/** Returns `null` if the text is not a baseline. */
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

/** All failures, including accepted ones. */
export function failuresOf(report: Report): ReportedFinding[] {
  return report.results.flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === 'fail'))
}
