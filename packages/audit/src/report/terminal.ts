import { SEVERITIES, type Verdict } from '../model/finding.ts'
import type { CheckResult, Report, ReportedFinding } from '../model/report.ts'
import type { Difference } from './compare.ts'
import { paragraph } from './words.ts'

export interface TerminalOptions {
  readonly color: boolean
  readonly width: number
}

const SIGNS: Readonly<Record<Verdict, readonly [sign: string, color: number]>> = {
  pass: ['✓ pass', 32],
  fail: ['✗ FAIL', 31],
  inform: ['i inform', 36],
  'not-applicable': ['- n/a', 90],
  'cannot-judge': ['? unknown', 33],
}

/** Servers choose some of the words. They must not move the cursor or change the colors of the terminal. */
export const clean = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')

/** The whole report as text: a table, then each failure with its evidence. */
export function toTerminal(report: Report, options: TerminalOptions): string {
  const paint = (text: string, code: number) => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text)
  const { application } = report
  const head = [
    `${paint('Sessions of', 1)} ${clean(report.target)}`,
    `  login      ${clean(application.login)} (${application.source})`,
    `  carried by ${clean(application.carriers.join(', ') || 'not found')}`,
    `  logged in  ${clean(application.loggedInCheck)}`,
    `  logout     ${clean(application.logout ?? 'not found')}`,
    ...(application.loginLimit === undefined ? [] : [paint(`  limit      ${clean(application.loginLimit)}`, 33)]),
    '',
  ]
  const verdictless = report.untrusted === null ? [] : [paint(`No verdict: ${clean(report.untrusted)}`, 31), '']
  const table = report.untrusted === null ? report.results.flatMap((result) => rows(result, options, paint)) : []
  const failures = report.results.flatMap((result) =>
    result.findings.filter(isNew).map((finding) => proof(result, finding, options, paint)),
  )
  return [...head, ...verdictless, ...table, '', ...failures, ...tail(report, paint), ''].join('\n')
}

const isNew = ({ verdict, accepted }: ReportedFinding) => verdict === 'fail' && !accepted

type Paint = (text: string, code: number) => string

function rows({ check, findings }: CheckResult, { width }: TerminalOptions, paint: Paint): string[] {
  return findings.map((finding, i) => {
    const [sign, color] = finding.accepted ? (['~ known', 90] as const) : SIGNS[finding.verdict]
    const name = i === 0 ? check.id : ''
    const severity = finding.verdict === 'fail' ? (finding.severity ?? check.severity) : ''
    const isUnsure = finding.verdict === 'cannot-judge'
    const words = isUnsure ? inFull(finding) : finding.title
    const line = clean(finding.about === 'check' ? words : `${finding.about}: ${withoutEcho(words, finding.about)}`)
    const room = Math.max(width - BEFORE_WORDS - 2, 40)
    const cut = line.length > room ? `${line.slice(0, room - 1)}…` : line
    // The reason for a missing verdict is shown in full, because it is nowhere else.
    const shown = isUnsure ? paragraph(line, BEFORE_WORDS + room, ' '.repeat(BEFORE_WORDS)) : cut
    return `${name.padEnd(22)}${paint(sign.padEnd(11), color)}${severity.padEnd(10)} ${shown}`
  })
}

const BEFORE_WORDS = 44

/** Title and detail; only one of them if it contains the other. */
function inFull({ title, detail }: ReportedFinding): string {
  if (detail.endsWith(`${title}.`)) return title
  return detail.startsWith(title) ? detail : `${title}: ${detail}`
}

/** `cookie sid: Secure` and `Secure: not set` need one `Secure` between them. */
function withoutEcho(words: string, about: string): string {
  const last = `${about.split(': ').at(-1)}: `
  return words.startsWith(last) ? words.slice(last.length) : words
}

function proof({ check }: CheckResult, finding: ReportedFinding, { width }: TerminalOptions, paint: Paint): string {
  const say = (head: string, text: string) => `  ${head}${paragraph(clean(text), width, ' '.repeat(2 + head.length))}`
  const fix = finding.fix ?? check.fix
  const numbers = [
    ...check.wstg,
    ...check.asvs.map((number) => `ASVS ${number}`),
    ...check.cwe.map((number) => `CWE-${number}`),
  ]
  const evidence = finding.evidence ?? []
  return [
    `${paint(`✗ ${clean(finding.title)}`, 31)} (${finding.severity ?? check.severity}, ${finding.fingerprint})`,
    say('', finding.detail),
    say('Why: ', finding.why ?? check.why),
    say('Fix: ', fix.text),
    ...codeFor(fix.snippets),
    `  See: ${numbers.join(', ')}`,
    ...evidence.flatMap(({ curl, variables }) => [
      '  Reproduce:',
      ...curl.map((command) => `    ${clean(command)}`),
      ...variables.map(({ name, from }) => paint(`    # ${clean(name)}: ${clean(from)}`, 90)),
    ]),
    '',
  ].join('\n')
}

/** Eight frameworks fill a screen, so the other reports contain their code. */
function codeFor(snippets: Readonly<Record<string, string>> = {}): string[] {
  const names = Object.keys(snippets)
  return names.length === 0 ? [] : [`       (--html shows the code for ${names.join(', ')})`]
}

function tail(report: Report, paint: Paint): string[] {
  const { counts } = report
  const failed = report.results.flatMap(({ check, findings }) =>
    findings.filter(isNew).map((finding) => finding.severity ?? check.severity),
  )
  const bySeverity = SEVERITIES.filter((severity) => failed.includes(severity)).map(
    (severity) => `${failed.filter((held) => held === severity).length} ${severity}`,
  )
  const limited = report.timeline.filter(({ response }) => response?.status === 429).length
  return [
    ...(limited === 0
      ? []
      : [
          paint(
            `${limited} requests were answered 429 (too many). Findings without a verdict may get one in a later run, or with fewer --samples.`,
            33,
          ),
        ]),
    ...report.leftBehind.map((words) => paint(`Not undone: ${clean(words)}`, 33)),
    `${counts.fail} failed${bySeverity.length > 0 ? ` (${bySeverity.join(', ')})` : ''}, ${counts.pass} passed, ${counts.inform} informational, ${counts['cannot-judge']} could not be judged, ${counts['not-applicable']} not applicable`,
    `${report.timeline.length} requests in ${(report.durationMs / 1000).toFixed(1)} s`,
  ]
}

/** The differences from an earlier report. */
export function toTerminalDifferences(differences: readonly Difference[]): string {
  if (differences.length === 0) return 'Nothing changed since the earlier report.\n'
  const lines = differences.map(
    ({ fingerprint, before, after }) => `  ${clean(fingerprint)}: ${before ?? 'absent'} -> ${after ?? 'absent'}`,
  )
  return ['Changed since the earlier report:', ...lines, ''].join('\n')
}
