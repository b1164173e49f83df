import type { CheckResult, Report, ReportedFinding } from '../model/report.ts'
import { VERDICT_WORDS } from './words.ts'

/** A suite for each check, a case for each finding. What cannot be judged is skipped with its reason, and never passed. */
export function toJunit(report: Report): string {
  const suites = report.results.map(suite)
  const all = report.results.flatMap(({ findings }) => findings)
  const head = `name="session audit of ${escapeXml(report.target)}" ${countsOf(all)} time="${seconds(report.durationMs)}"`
  const untrusted =
    report.untrusted === null
      ? ''
      : `<testsuite name="logged-in check" tests="1" failures="0" errors="1" skipped="0"><testcase name="can be trusted" classname="logged-in check"><error message="${escapeXml(report.untrusted)}"/></testcase></testsuite>\n`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${head}>\n${untrusted}${suites.join('')}</testsuites>\n`
}

function suite({ check, findings, durationMs }: CheckResult): string {
  const cases = findings.map((finding) => testCase(check, finding)).join('')
  return `<testsuite name="${escapeXml(check.title)}" ${countsOf(findings)} time="${seconds(durationMs)}">\n${cases}</testsuite>\n`
}

function testCase(check: CheckResult['check'], finding: ReportedFinding): string {
  const inner = outcome(check, finding)
  const name = `name="${escapeXml(finding.about)}" classname="${escapeXml(check.id)}"`
  return inner === '' ? `<testcase ${name}/>\n` : `<testcase ${name}>${inner}</testcase>\n`
}

function outcome(check: CheckResult['check'], finding: ReportedFinding): string {
  const { verdict, title, detail, accepted } = finding
  if (verdict === 'pass') return ''
  if (verdict === 'inform') return `<system-out>${escapeXml(`${title}. ${detail}`)}</system-out>`
  if (verdict !== 'fail') return `<skipped message="${escapeXml(`${VERDICT_WORDS[verdict]}: ${detail}`)}"/>`
  if (accepted) return `<skipped message="${escapeXml(`accepted: ${title}`)}"/>`
  const curl = finding.evidence?.flatMap((evidence) => evidence.curl) ?? []
  const fix = finding.fix ?? check.fix
  const body = [detail, `Fix: ${fix.text}`, ...curl].join('\n\n')
  return `<failure type="${finding.severity ?? check.severity}" message="${escapeXml(title)}">${escapeXml(body)}</failure>`
}

function countsOf(findings: readonly ReportedFinding[]): string {
  const failures = findings.filter(({ verdict, accepted }) => verdict === 'fail' && !accepted).length
  const isSkipped = ({ verdict, accepted }: ReportedFinding): boolean =>
    verdict === 'cannot-judge' || verdict === 'not-applicable' || (verdict === 'fail' && accepted)
  return `tests="${findings.length}" failures="${failures}" errors="0" skipped="${findings.filter(isSkipped).length}"`
}

const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** XML cannot contain most control characters, not even escaped. */
function escapeXml(text: string): string {
  return text
    .replace(/(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"']/g, (letter) => NAMES[letter] ?? '')
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)
