import { readHar } from '../judge/har/har.ts'
import { judgeHar } from '../judge/har/judge-har.ts'
import { type Command, EXIT } from './io.ts'
import { exitCodeOf, readFileOrInput, showFindings, wordsOf } from './offline.ts'

const USAGE = `usage: sojourn-audit har FILE [--json]

Judges a session that a browser captured: cookies, credentials in addresses, caches, transport, and token contents.
Record the login too, and export "with sensitive data", because browsers otherwise omit cookies. FILE - is standard input.
`

/** `sojourn-audit har FILE` */
export const har: Command = async (args, io) => {
  const read = wordsOf(args, ['--json', '--help'], USAGE, io)
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
