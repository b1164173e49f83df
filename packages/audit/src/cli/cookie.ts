import type { CookieContext } from '../judge/cookie/attributes.ts'
import { channelOf } from '../judge/cookie/channel.ts'
import { judgeCookie } from '../judge/cookie/judge-cookie.ts'
import { clean } from '../report/terminal.ts'
import { type Command, EXIT, type Io } from './io.ts'
import { exitCodeOf, showFindings, wordsOf } from './offline.ts'

const USAGE = `usage: sojourn-audit cookie 'Set-Cookie: ...' [...] [--json] [--url=https://app.example/login]

Judges Set-Cookie lines as those of a session: grammar, how browsers treat them, attributes, and the content of the value.
--url is the address that sent them.
`

/** `sojourn-audit cookie 'Set-Cookie: ...'` */
export const cookie: Command = async (args, io) => {
  const url = args.find((arg) => arg.startsWith('--url='))?.slice(6)
  const rest = args.filter((arg) => !arg.startsWith('--url='))
  const read = wordsOf(rest, ['--json', '--help'], USAGE, io)
  if (read === null) return args.includes('--help') ? EXIT.ok : EXIT.usage
  if (url !== undefined && !URL.canParse(url)) {
    io.err(`${clean(url)} is not an address: --url needs one such as https://app.example/login\n`)
    return EXIT.usage
  }
  const judged = read.words.map((line) => judgeCookie(line, contextOf(url)))
  if (read.given.has('--json')) io.out(`${JSON.stringify(judged, null, 2)}\n`)
  else for (const one of judged) show(one, io)
  return Math.max(...judged.map(({ findings }) => exitCodeOf(findings)))
}

function show({ name, findings, better }: ReturnType<typeof judgeCookie>, io: Io): void {
  io.out(`${clean(name === null || name === '' ? '(no name)' : name)}\n`)
  showFindings(findings, io)
  if (better !== null && findings.some(({ fix }) => fix !== undefined)) io.out(`\nBetter: ${clean(better)}\n`)
}

function contextOf(text: string | undefined): CookieContext {
  if (text === undefined) return { channel: 'unknown', host: null }
  const url = new URL(text)
  return { channel: channelOf(url), host: url.hostname }
}
