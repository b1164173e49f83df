import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { relative, resolve } from 'node:path'
import { answersFor, type Terminal } from './ask.ts'
import { STORES, VERSIONS } from './catalogue.ts'
import { filesOf } from './files.ts'
import { assertNoneKept, HELP, parseFlags } from './flags.ts'
import { hasAbove, nameOf, whyNotIn } from './folder.ts'
import { callerOf, commandFor, type Environment, type PackageManager } from './package-manager.ts'
import { toWord } from './shell.ts'
import { UsageError } from './usage-error.ts'
import { writeFiles } from './write-files.ts'

/** What the command uses of its process. */
export interface Io {
  /** `null` if nobody can answer. */
  readonly terminal: Terminal | null
  readonly env: Environment
  readonly node: string
  out(text: string): void
  error(text: string): void
}

/** Runs the command. Returns the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    assertNoneKept(io.env)
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
  const manager = callerOf(io.env)
  if (flags.folder !== undefined) check(flags.folder)
  const { folder, install, ...choices } = await answersFor(flags, io.terminal, manager)
  check(folder)
  const demo = { user: 'ada', password: randomBytes(9).toString('base64url') }
  writeFiles(
    folder,
    filesOf(
      { name: nameOf(folder), ...choices },
      {
        node: io.node,
        manager,
        isInWorkspace: hasAbove(folder, 'pnpm-workspace.yaml'),
        demo,
        mark: randomBytes(2).toString('hex'),
      },
    ),
  )
  const problem = install ? installIn(folder, manager) : null
  const steps = [
    ...(resolve(folder) === process.cwd() ? [] : [`cd ${toWord(relative('', folder))}`]),
    ...(install && problem === null ? [] : [commandFor(manager, 'install')]),
    commandFor(manager, 'start'),
  ]
  io.out(`
${folder} is ${problem === null ? 'ready' : 'written'}. ${STORES[choices.store].note.replaceAll('`', '')}

${steps.map((step) => `  ${step}`).join('\n')}

Then open http://localhost:3000 and log in as ${demo.user} with the password ${demo.password} (it is in .env).`)
  if (problem !== null) throw new UsageError(`\n${problem}`)
}

function check(folder: string): void {
  const reason = whyNotIn(folder)
  if (reason !== null) throw new UsageError(reason)
}

/** What went wrong, or null. */
function installIn(folder: string, manager: PackageManager): string | null {
  const { status, error } = spawnSync(manager, ['install'], {
    cwd: folder,
    // Else a package manager in production leaves out TypeScript and the tests' packages, and the application does not start.
    env: { ...process.env, NODE_ENV: 'development', npm_config_include: 'dev' },
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status === 0) return null
  return error === undefined
    ? `The packages are not installed: "${manager} install" failed, see above.`
    : `The packages are not installed: ${manager} could not be started (${error.message}).`
}
