import { readFileSync } from 'node:fs'
import { type CookieContext, channelOf } from '../judge/cookie/attributes.ts'
import { judgeCookie } from '../judge/cookie/judge-cookie.ts'
import { readHar } from '../judge/har/har.ts'
import { judgeHar } from '../judge/har/judge-har.ts'
import { scoreTokens, type TokenScore } from '../judge/tokens/score.ts'
import { type Finding, SEVERITIES, VERDICTS } from '../model/finding.ts'
import { clean } from '../report/terminal.ts'
import { type Command, EXIT, EXIT_BY_SEVERITY, type Io } from './io.ts'

const SIGNS: Readonly<Record<Finding['verdict'], readonly [sign: string, color: number]>> = {
  pass: ['✓ pass', 32],
  fail: ['✗ FAIL', 31],
  inform: ['i inform', 36],
  'cannot-judge': ['? unknown', 33],
  'not-applicable': ['- n/a', 90],
}

/** One line for each finding, worst first, followed by its fix. */
function showFindings(findings: readonly Finding[], io: Io): void {
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
function exitCodeOf(findings: readonly Finding[]): number {
  const gravest = SEVERITIES.find((severity) =>
    findings.some((one) => one.verdict === 'fail' && one.severity === severity),
  )
  if (gravest !== undefined) return EXIT_BY_SEVERITY[gravest]
  return findings.every(({ verdict }) => verdict === 'cannot-judge') ? EXIT.noVerdict : EXIT.ok
}

/** Reads a file, or standard input for `-`. Prints why if it cannot be read. */
async function readFileOrInput(file: string, io: Io): Promise<string | null> {
  if (file === '-') return io.readInput()
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    io.err(`${clean(file)} cannot be read: ${error instanceof Error ? clean(error.message) : 'unknown'}\n`)
    return null
  }
}

/** Splits arguments and flags. Prints the usage for misuse. */
function wordsOf(
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

const HAR_USAGE = `usage: sojourn-audit har FILE [--json]

Judges a session that a browser captured: cookies, credentials in addresses, caches, transport, and token contents.
Record the login too, and export "with sensitive data", because browsers otherwise omit cookies. FILE - is standard input.
`

/** `sojourn-audit har FILE` */
export const har: Command = async (args, io) => {
  const read = wordsOf(args, ['--json', '--help'], HAR_USAGE, io)
  if (read === null) return args.includes('--help') ? EXIT.ok : EXIT.usage
  const text = await readFileOrInput(read.words[0] ?? '', io)
  if (text === null) return EXIT.usage
  const entries = readHar(text)
  if (entries === null) {
    io.err('This is not a HAR file. Export one from the network panel of the browser.\n')
    return EXIT.usage
  }
  const findings = judgeHar(entries)
  if (read.given.has('--json')) io.out(`${JSON.stringify(findings, null, 2)}\n`)
  else showFindings(findings, io)
  return exitCodeOf(findings)
}

const COOKIE_USAGE = `usage: sojourn-audit cookie 'Set-Cookie: ...' [...] [--json] [--url=https://app.example/login]

Judges Set-Cookie lines as those of a session: grammar, how browsers treat them, attributes, and the content of the value.
--url is the address that sent them.
`

/** `sojourn-audit cookie 'Set-Cookie: ...'` */
export const cookie: Command = async (args, io) => {
  const url = args.find((arg) => arg.startsWith('--url='))?.slice(6)
  const rest = args.filter((arg) => !arg.startsWith('--url='))
  const read = wordsOf(rest, ['--json', '--help'], COOKIE_USAGE, io)
  if (read === null) return args.includes('--help') ? EXIT.ok : EXIT.usage
  if (url !== undefined && !URL.canParse(url)) {
    io.err(`${clean(url)} is not an address: --url needs one such as https://app.example/login\n`)
    return EXIT.usage
  }
  const judged = read.words.map((line) => judgeCookie(line, contextOf(url)))
  if (read.given.has('--json')) io.out(`${JSON.stringify(judged, null, 2)}\n`)
  else for (const one of judged) showCookie(one, io)
  return Math.max(...judged.map(({ findings }) => exitCodeOf(findings)))
}

function showCookie({ name, findings, better }: ReturnType<typeof judgeCookie>, io: Io): void {
  io.out(`${clean(name === null || name === '' ? '(no name)' : name)}\n`)
  showFindings(findings, io)
  if (better !== null && findings.some(({ fix }) => fix !== undefined)) io.out(`\nBetter: ${clean(better)}\n`)
}

function contextOf(text: string | undefined): CookieContext {
  if (text === undefined) return { channel: 'unknown', host: null }
  const url = new URL(text)
  return { channel: channelOf(url), host: url.hostname }
}

const TOKENS_USAGE = `usage: sojourn-audit tokens FILE [--json]

Scores a list of tokens, one per line, in the order of issue. FILE - is standard input.
A line may begin with the time of issue (ISO 8601 or milliseconds) and a tab.
`

/** `sojourn-audit tokens FILE` */
export const tokens: Command = async (args, io) => {
  const read = wordsOf(args, ['--json', '--help'], TOKENS_USAGE, io)
  if (read === null) return args.includes('--help') ? EXIT.ok : EXIT.usage
  const text = await readFileOrInput(read.words[0] ?? '', io)
  if (text === null) return EXIT.usage
  const { values, issuedAt } = parseTokens(text)
  const score = scoreTokens(values, issuedAt === null ? {} : { issuedAt })
  if (read.given.has('--json')) io.out(`${JSON.stringify(score, null, 2)}\n`)
  else showScore(score, io)
  return EXITS[score.verdict]
}

const EXITS: Readonly<Record<TokenScore['verdict'], number>> = {
  'no-weakness-found': EXIT.ok,
  adequate: EXIT.ok,
  'self-contained': EXIT.ok,
  opaque: EXIT.ok,
  weak: EXIT_BY_SEVERITY.high,
  predictable: EXIT_BY_SEVERITY.critical,
  undecided: EXIT.noVerdict,
}

/** Times count only if every line has one. */
function parseTokens(text: string): { values: string[]; issuedAt: number[] | null } {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const timed = lines.map((line): readonly [number, string] => {
    const [, time = '', value = ''] = /^([^\t]+)\t(.+)$/.exec(line) ?? []
    return [/^\d{12,14}$/.test(time) ? Number(time) : Date.parse(time), value.trim()]
  })
  if (lines.length > 0 && timed.every(([time]) => !Number.isNaN(time))) {
    return { values: timed.map(([, value]) => value), issuedAt: timed.map(([time]) => time) }
  }
  return { values: lines.map((line) => line.trim()), issuedAt: null }
}

function showScore(score: TokenScore, io: Io): void {
  const lines = [
    `${score.verdict.replaceAll('-', ' ').toUpperCase()}: at most ${bits(score.effectiveBits)} of ${bits(score.nominalBits)} bits, from ${score.sample.tokens} tokens (${score.sample.distinct} distinct)`,
    '',
    ...score.reasons,
    ...score.limits,
  ]
  io.out(`${lines.map(clean).join('\n')}\n`)
  for (const { name, tests, alphabet, shortest, longest } of score.parts) {
    const length = shortest === longest ? `${shortest}` : `${shortest} to ${longest}`
    io.out(`\n${clean(name)}: ${length} letters of ${alphabet}\n`)
    for (const { id, level, p, trials, failed, places } of tests) {
      const where = places.length === 0 ? '' : ` at ${places.slice(0, 3).join(', ')}${places.length > 3 ? ', ...' : ''}`
      io.out(
        `  ${failed ? '✗' : '✓'} ${id.padEnd(24)}${level.padEnd(11)}p ${p.toExponential(1).padEnd(10)}${trials} ${trials === 1 ? 'time' : 'times'}${where}\n`,
      )
    }
  }
}

const bits = (value: number): string => (Math.round(value * 10) / 10).toString()
