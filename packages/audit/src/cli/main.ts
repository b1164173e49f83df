import { checks } from '../checks/index.ts'
import { VERSION } from '../version.ts'
import { init } from './init.ts'
import { type Command, EXIT, type Io } from './io.ts'
import { cookie, har, tokens } from './offline.ts'
import { USAGE } from './options.ts'
import { record } from './record.ts'
import { run } from './run.ts'

/** `sojourn-audit checks` */
const listChecks: Command = async (_args, io) => {
  for (const { id, title, wstg, asvs, cwe, severity, proves, cannotProve, needs } of checks) {
    const numbers = [...wstg, ...asvs.map((number) => `ASVS ${number}`), ...cwe.map((number) => `CWE-${number}`)].join(
      ', ',
    )
    io.out(`${id} (${severity})\n  ${title}. ${numbers}\n  Proves: ${proves}\n  Cannot prove: ${cannotProve}\n`)
    io.out(needs.length > 0 ? `  Needs: ${needs.join(', ')}\n\n` : '\n')
  }
  return EXIT.ok
}

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
    // An error of node:util about the command line. Any other error is a fault of this program, and its stack shows where.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))) throw error
    io.err(`${error.message}\n`)
    return EXIT.usage
  }
}
