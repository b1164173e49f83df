import { VERSION } from '../version.ts'
import { cookie } from './cookie.ts'
import { har } from './har.ts'
import { init } from './init.ts'
import { type Command, EXIT, type Io } from './io.ts'
import { listChecks } from './list-checks.ts'
import { record } from './record.ts'
import { run } from './run.ts'
import { tokens } from './tokens.ts'
import { USAGE } from './usage.ts'

const commands: Readonly<Record<string, Command>> = {
  checks: listChecks,
  cookie,
  har,
  init,
  record,
  tokens,
}

/** The command `sojourn-audit`: the first word names a subcommand, or the application to audit. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [first = '', ...rest] = args
  if (first === '' || first === '--help' || first === '-h' || first === 'help') {
    io.out(USAGE)
    return first === '' ? EXIT.usage : EXIT.ok
  }
  if (first === '--version') {
    io.out(`${VERSION}\n`)
    return EXIT.ok
  }
  const command = Object.hasOwn(commands, first) ? commands[first] : undefined
  try {
    return await (command === undefined ? run(args, io) : command(rest, io))
  } catch (error) {
    // What node:util says of a command line; anything else is a fault of this program, and shows where.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))) throw error
    io.err(`${error.message}\n`)
    return EXIT.usage
  }
}
