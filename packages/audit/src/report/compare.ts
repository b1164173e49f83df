import type { Verdict } from '../model/finding.ts'
import type { Report, ReportedFinding } from '../model/report.ts'

export interface Difference {
  readonly fingerprint: string
  readonly title: string
  /** `null`: not there. */
  readonly before: Verdict | null
  readonly after: Verdict | null
}

/** What has another verdict than in an earlier report, worst first. */
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
