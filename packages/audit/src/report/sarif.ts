import type { Severity } from '../model/finding.ts'
import type { CheckResult, Report } from '../model/report.ts'
import { type Failure, failuresOf } from './words.ts'

export interface SarifOptions {
  /** The file that code hosts show results at, relative to the repository. Default: the target's address. */
  readonly file?: string
}

/** `security-severity` as code hosts interpret it: from 9 critical, from 7 high, from 4 medium. */
const SCORES: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '3.0',
  info: '0.0',
}
const LEVELS: Readonly<Record<Severity, string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
}

/** Failures as SARIF 2.1.0. Accepted ones are suppressed results. */
export function toSarif(report: Report, options: SarifOptions = {}): string {
  const failures = failuresOf(report)
  const rules = report.results.map(toRule)
  const end = new Date(Date.parse(report.startedAt) + report.durationMs).toISOString()
  const run = {
    tool: {
      driver: { name: report.tool.name, version: report.tool.version, semanticVersion: report.tool.version, rules },
    },
    invocations: [{ executionSuccessful: report.untrusted === null, startTimeUtc: report.startedAt, endTimeUtc: end }],
    automationDetails: { id: `sojourn-audit/${report.target}` },
    results: failures.map((failure) => toResult(report, failure, options.file ?? report.target)),
  }
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }
  return `${JSON.stringify(log, null, 2)}\n`
}

function toRule({ check }: CheckResult): object {
  const snippets = Object.entries(check.fix.snippets ?? {}).map(([name, code]) => `**${name}**\n\n${fenced(code)}`)
  const numbers = [
    ...check.wstg,
    ...check.asvs.map((id) => `ASVS-${id}`),
    ...check.cwe.map((id) => `external/cwe/cwe-${id}`),
  ]
  return {
    id: check.id,
    name: check.id.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: check.title },
    fullDescription: { text: check.why },
    help: { text: check.fix.text, markdown: [check.fix.text, ...snippets].join('\n\n') },
    defaultConfiguration: { level: LEVELS[check.severity] },
    properties: { tags: ['security', ...numbers], precision: 'very-high', 'security-severity': SCORES[check.severity] },
  }
}

function toResult(report: Report, { finding, check, severity }: Failure, uri: string): object {
  const curl = finding.evidence?.flatMap((evidence) => evidence.curl) ?? []
  return {
    ruleId: check.id,
    ruleIndex: report.results.findIndex((result) => result.check.id === check.id),
    kind: 'fail',
    level: LEVELS[severity],
    message: { text: [`${finding.title} (${finding.about}). ${finding.detail}`, ...curl].join('\n\n') },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } },
        logicalLocations: [
          { name: finding.about, fullyQualifiedName: `${report.target}#${finding.about}`, kind: 'resource' },
        ],
      },
    ],
    partialFingerprints: { 'sojournAudit/v1': finding.fingerprint },
    ...(finding.accepted && { suppressions: [{ kind: 'external', status: 'accepted' }] }),
    properties: { severity, confidence: finding.confidence ?? 'certain', 'security-severity': SCORES[severity] },
  }
}

/** A fence that is longer than any run of backticks inside. */
function fenced(code: string): string {
  const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${code}\n${fence}`
}
