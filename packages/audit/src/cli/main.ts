import { type Command, EXIT, type Io } from './io.ts'

const commands: Readonly<Record<string, Command>> = {}

/** The command `sojourn-audit`: the first word names a subcommand, or the application to audit. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [first = '', ...rest] = args
  const command = commands[first]
  if (command !== undefined) return command(rest, io)
  io.err('usage: sojourn-audit URL\n')
  return EXIT.usage
}
