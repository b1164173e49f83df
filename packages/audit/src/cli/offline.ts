import { readFileSync } from 'node:fs'
import type { Finding } from '../model/finding.ts'
import { SEVERITIES, VERDICTS } from '../model/finding.ts'
import { clean } from '../report/terminal.ts'
import { EXIT, EXIT_BY_SEVERITY, type Io } from './io.ts'

const SIGNS: Readonly<Record<Finding['verdict'], readonly [sign: string, color: number]>> = {
  pass: ['✓ pass', 32],
  fail: ['✗ FAIL', 31],
  inform: ['i inform', 36],
  'cannot-judge': ['? unknown', 33],
  'not-applicable': ['- n/a', 90],
}

/** One line for each finding, worst first, followed by its fix. */
export function showFindings(findings: readonly Finding[], io: Io): void {
  const color = io.isTerminal && io.env.NO_COLOR === undefined
  for (const { verdict, severity, about, title, detail, fix } of [...findings].sort((a, b) => rankOf(a) - rankOf(b))) {
    const [sign, code] = SIGNS[verdict]
    const painted = color ? `\u001b[${code}m${sign}\u001b[0m` : sign
    const head = `${painted}${' '.repeat(11 - sign.length)}${(severity ?? '').padEnd(10)}${clean(about)}: ${clean(title)}`
    const rest = [
      detail === title || detail.toLowerCase() === `${title.toLowerCase()}.` ? null : detail,
      verdict === 'pass' ? null : fix?.text,
    ]
    io.out(`${head}\n${rest.flatMap((text) => (text ? [`                     ${clean(text)}\n`] : [])).join('')}`)
  }
}

function rankOf({ verdict, severity }: Finding): number {
  return VERDICTS.indexOf(verdict) * 10 + (severity === undefined ? 0 : SEVERITIES.indexOf(severity))
}

/** The exit code for the gravest failure. If nothing could be judged, that is no success. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const gravest = SEVERITIES.find((severity) =>
    findings.some((one) => one.verdict === 'fail' && one.severity === severity),
  )
  if (gravest !== undefined) return EXIT_BY_SEVERITY[gravest]
  return findings.every(({ verdict }) => verdict === 'cannot-judge') ? EXIT.noVerdict : EXIT.ok
}

/** Reads a file, or standard input for `-`. Prints why if it cannot be read. */
export async function readFileOrInput(file: string, io: Io): Promise<string | null> {
  if (file === '-') return io.readInput()
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    io.err(`${clean(file)} cannot be read: ${error instanceof Error ? clean(error.message) : 'unknown'}\n`)
    return null
  }
}

/** Splits arguments and flags. Prints the usage for misuse. */
export function wordsOf(
  args: readonly string[],
  flags: readonly string[],
  usage: string,
  io: Io,
): { words: string[]; given: Set<string> } | null {
  const given = new Set(args.filter((arg) => arg.startsWith('--')))
  const words = args.filter((arg) => !arg.startsWith('--'))
  const unknown = [...given].find((flag) => !flags.includes(flag))
  if (unknown === undefined && words.length > 0 && !given.has('--help')) return { words, given }
  if (unknown !== undefined) io.err(`unknown option ${clean(unknown)}\n`)
  io.err(usage)
  return null
}
