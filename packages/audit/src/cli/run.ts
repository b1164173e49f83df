import { writeFileSync } from 'node:fs'
import type { Progress } from '../audit/run-audit.ts'
import { auditApplication, Refused } from '../audit-application.ts'
import { DiscoveryFailed } from '../discover/discover.ts'
import { SEVERITIES, type Severity } from '../model/finding.ts'
import { REPORT_VERSION, type Report } from '../model/report.ts'
import { StepFailed } from '../recipe/fill.ts'
import { RecipeError } from '../recipe/recipe-file.ts'
import { compareReports, parseBaseline, toBaseline } from '../report/compare.ts'
import { toHtml } from '../report/html/page.ts'
import { toJunit } from '../report/junit.ts'
import { toSarif } from '../report/sarif.ts'
import { clean, toTerminal, toTerminalDifferences } from '../report/terminal.ts'
import { type Command, EXIT, EXIT_BY_SEVERITY, type Io } from './io.ts'
import { failOnOf, Misuse, readCommandLine, readText, toRequest, USAGE, type Values } from './options.ts'

const CLEAR_LINE = '\r\u001b[K'

/** `sojourn-audit URL ...` */
export const run: Command = async (args, io) => {
  try {
    const commandLine = readCommandLine(args)
    if (commandLine.values.help) {
      io.out(USAGE)
      return EXIT.ok
    }
    return await audit(commandLine, io)
  } catch (error) {
    if (
      error instanceof Misuse ||
      error instanceof Refused ||
      error instanceof RecipeError ||
      error instanceof StepFailed
    ) {
      complain(error, io)
      return EXIT.usage
    }
    if (error instanceof DiscoveryFailed || error instanceof Interrupted) {
      complain(error, io)
      return EXIT.noVerdict
    }
    throw error
  }
}

/** Clears the progress line, and prints the error in its place. */
function complain({ message }: Error, io: Io): void {
  io.err(`${io.isTerminal ? CLEAR_LINE : ''}${clean(message).trimEnd()}\n`)
}

/** Ctrl-C, before any check ran. */
class Interrupted extends Error {
  constructor() {
    super('interrupted')
    this.name = 'Interrupted'
  }
}

async function audit(commandLine: ReturnType<typeof readCommandLine>, io: Io): Promise<number> {
  const { values } = commandLine
  const failOn = failOnOf(values)
  const baseline = values.baseline === undefined ? null : parseBaseline(readText(values.baseline))
  if (values.baseline !== undefined && baseline === null)
    throw new Misuse(`${values.baseline} is not a baseline: --write-baseline writes one`)
  const earlier = values.compare === undefined ? null : readReport(values.compare)
  const request = await toRequest(commandLine, io)
  const interrupted = new AbortController()
  io.onInterrupt(() => {
    io.err(
      '\nInterrupted: undoing changes, and ending the sessions that the audit made. Press Ctrl-C again to leave them.\n',
    )
    interrupted.abort(new Interrupted())
  })
  const report = await auditApplication({
    ...request,
    signal: interrupted.signal,
    ...(baseline === null ? {} : { baseline: new Set(baseline.accepted) }),
    onProgress: (progress) => showProgress(progress, values, io),
  })
  if (io.isTerminal && !values.quiet) io.err(CLEAR_LINE)
  write(report, values, io)
  if (earlier !== null) io.out(toTerminalDifferences(compareReports(earlier, report)))
  return interrupted.signal.aborted ? EXIT.noVerdict : exitCodeOf(report, failOn)
}

function readReport(file: string): Report {
  let report: Partial<Report> = {}
  try {
    report = JSON.parse(readText(file)) as Partial<Report>
  } catch {
    // Reported below.
  }
  if (report.version !== REPORT_VERSION) throw new Misuse(`${file} is not a report of this version: --json writes one`)
  return report as Report
}

function write(report: Report, values: Values, io: Io): void {
  let usesOutput = false
  const files: string[] = []
  for (const [format, toText] of Object.entries(reportFormats)) {
    const file = values[format as keyof typeof reportFormats]
    if (file === undefined) continue
    if (file === '-') {
      io.out(toText(report))
      usesOutput = true
      continue
    }
    writeFileSync(file, toText(report))
    files.push(file)
  }
  if (values['write-baseline'] !== undefined) {
    writeFileSync(values['write-baseline'], toBaseline(report))
    files.push(values['write-baseline'])
  }
  const color = io.isTerminal && !values['no-color'] && io.env.NO_COLOR === undefined
  if (usesOutput || values.quiet) return
  io.out(toTerminal(report, { color, width: io.width }))
  if (files.length > 0) io.out(`Written: ${files.join(', ')}\n`)
}

function showProgress(progress: Progress, { quiet }: Values, io: Io): void {
  if (progress.kind === 'warning') io.err(`${io.isTerminal ? CLEAR_LINE : ''}${clean(progress.text)}\n`)
  if (quiet || !io.isTerminal || progress.kind === 'warning') return
  if (progress.kind === 'end') return
  const words = progress.kind === 'note' ? progress.text : `${progress.number}/${progress.of} ${progress.check.title}`
  io.err(`${CLEAR_LINE}${words}`)
}

/**
 * The exit code for the gravest failure that is not in the baseline. If the logged-in check cannot be trusted, there is no
 * verdict.
 */
function exitCodeOf(report: Report, failOn: Severity): number {
  if (report.untrusted !== null) return EXIT.noVerdict
  const counting = SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1)
  const gravest = counting.find((severity) => report.results.some((result) => result.severity === severity))
  return gravest === undefined ? EXIT.ok : EXIT_BY_SEVERITY[gravest]
}

/** The formats of report files, by the option that names the file. */
export const reportFormats: Readonly<Record<'json' | 'html' | 'sarif' | 'junit', (report: Report) => string>> = {
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
  html: toHtml,
  sarif: (report) => toSarif(report),
  junit: toJunit,
}
