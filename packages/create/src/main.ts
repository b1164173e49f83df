import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { relative, resolve } from 'node:path'
import { answersFor } from './ask.ts'
import { VERSIONS } from './catalogue.ts'
import { filesOf } from './files.ts'
import { HELP, parseFlags } from './flags.ts'
import { callerOf, commandFor, type PackageManager } from './package-manager.ts'
import { nameOf, whyNotAName } from './project-name.ts'
import { UsageError } from './usage-error.ts'
import { assertEmpty, writeFiles } from './write-files.ts'

/** What the command uses of its process. */
export interface Io {
  readonly isTerminal: boolean
  readonly userAgent: string | undefined
  readonly node: string
  out(text: string): void
  error(text: string): void
}

/** Runs the command. Returns the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    const flags = parseFlags(args)
    if (flags.help) io.out(HELP)
    else if (flags.version) io.out(VERSIONS.sojourn)
    else await create(flags, io)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.error(error.message)
    return 1
  }
}

async function create(flags: ReturnType<typeof parseFlags>, io: Io): Promise<void> {
  if (flags.folder !== undefined) check(flags.folder)
  const { folder, install, ...choices } = await answersFor(flags, io.isTerminal)
  check(folder)
  const manager = callerOf(io.userAgent)
  const demo = { user: 'ada', password: randomBytes(9).toString('base64url') }
  writeFiles(folder, filesOf({ name: nameOf(folder), ...choices }, { node: io.node, manager, demo }))
  if (install) installIn(folder, manager)
  const steps = [
    ...(resolve(folder) === process.cwd() ? [] : [`cd ${relative('', folder)}`]),
    ...(install ? [] : [commandFor(manager, 'install')]),
    commandFor(manager, 'start'),
  ]
  io.out(
    `\n${folder} is ready:\n\n${steps.map((step) => `  ${step}`).join('\n')}\n\nThen open http://localhost:3000 and log in as ${demo.user} with the password ${demo.password} (it is in .env).`,
  )
}

function check(folder: string): void {
  const reason = whyNotAName(folder)
  if (reason !== null) throw new UsageError(reason)
  assertEmpty(folder)
}

function installIn(folder: string, manager: PackageManager): void {
  const { status } = spawnSync(manager, ['install'], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    throw new UsageError(
      `The files are written, but "${manager} install" failed, see above. Run it again in ${folder}.`,
    )
  }
}
