import { parseArgs } from 'node:util'
import { FRAMEWORKS, type FrameworkName, LANGUAGES, type Language, STORES, type StoreName } from './catalogue.ts'
import type { Environment } from './package-manager.ts'
import { UsageError } from './usage-error.ts'

export interface Flags {
  readonly folder?: string | undefined
  readonly framework?: FrameworkName | undefined
  readonly store?: StoreName | undefined
  readonly language?: Language | undefined
  readonly install?: boolean | undefined
  readonly yes: boolean
  readonly help: boolean
  readonly version: boolean
}

const namesOf = (choices: object): string => Object.keys(choices).join(', ')

export const HELP: string = `Creates an application with sessions: login, logout, a cart, a list of devices.

  npm create sojourn@latest [folder] -- [options]

  --framework <name>       ${namesOf(FRAMEWORKS)}
  --store <name>           ${namesOf(STORES)}
  --language <name>        ${namesOf(LANGUAGES)}
  --install, --no-install  install the packages, or not
  --yes, -y                ask nothing; the first of each list, and install
  --version, --help

It asks for what you leave out. pnpm, yarn and bun work the same: pnpm create sojourn [folder] [options].`

const OPTIONS = {
  framework: { type: 'string' },
  store: { type: 'string' },
  language: { type: 'string' },
  install: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const

export function parseFlags(args: readonly string[]): Flags {
  const { values, positionals } = parse(args)
  if (positionals.length > 1) {
    throw new UsageError(
      `One folder is created at a time, but ${positionals.length} were given: ${positionals.join(' ')}.${args.includes('--') ? ' Leave out the second --.' : ''}`,
    )
  }
  return {
    ...values,
    folder: positionals[0],
    framework: oneOf(FRAMEWORKS, 'framework', values.framework),
    store: oneOf(STORES, 'store', values.store),
    language: oneOf(LANGUAGES, 'language', values.language),
  }
}

/** Without `--` before them, npm takes the options for its own: they are in its variables, and do not arrive here. */
export function assertNoneKept(env: Environment): void {
  const kept = ['framework', 'store', 'language', 'install'].filter((name) => env[`npm_config_${name}`] !== undefined)
  if (kept.length === 0 || !env.npm_config_user_agent?.startsWith('npm/')) return
  throw new UsageError(
    `npm kept ${kept.map((name) => `--${name}`).join(', ')} for itself. Write -- before the options:\n\n  npm create sojourn@latest my-app -- --framework express --store lmdb --language ts`,
  )
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, allowNegative: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`)
  }
}

function oneOf<Choices extends object>(
  choices: Choices,
  flag: string,
  value: string | undefined,
): (keyof Choices & string) | undefined {
  if (value === undefined || Object.hasOwn(choices, value)) return value as keyof Choices & string
  throw new UsageError(`--${flag} ${value} is unknown. Choose one of: ${namesOf(choices)}`)
}
