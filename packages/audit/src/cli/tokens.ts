import { scoreTokens, type TokenScore } from '../judge/tokens/score.ts'
import { clean } from '../report/terminal.ts'
import { type Command, EXIT, EXIT_BY_SEVERITY, type Io } from './io.ts'
import { readFileOrInput, wordsOf } from './offline.ts'

const USAGE = `usage: sojourn-audit tokens FILE [--json]

Scores a list of tokens, one per line, in the order of issue. FILE - is standard input.
A line may begin with the time of issue (ISO 8601 or milliseconds) and a tab.
`

/** `sojourn-audit tokens FILE` */
export const tokens: Command = async (args, io) => {
  const read = wordsOf(args, ['--json', '--help'], USAGE, io)
  if (read === null) return args.includes('--help') ? EXIT.ok : EXIT.usage
  const text = await readFileOrInput(read.words[0] ?? '', io)
  if (text === null) return EXIT.usage
  const { values, issuedAt } = parseTokens(text)
  const score = scoreTokens(values, issuedAt === null ? {} : { issuedAt })
  if (read.given.has('--json')) io.out(`${JSON.stringify(score, null, 2)}\n`)
  else show(score, io)
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
export function parseTokens(text: string): { values: string[]; issuedAt: number[] | null } {
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

function show(score: TokenScore, io: Io): void {
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
