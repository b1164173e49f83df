import type { Readable, Writable } from 'node:stream'
import { confirm, isCancel, select, text } from '@clack/prompts'
import { FRAMEWORKS, LANGUAGES, STORES } from './catalogue.ts'
import type { Flags } from './flags.ts'
import { whyNotIn } from './folder.ts'
import type { PackageManager } from './package-manager.ts'
import { UsageError } from './usage-error.ts'

export type Answers = Required<{
  [Key in 'folder' | 'framework' | 'store' | 'language' | 'install']: NonNullable<Flags[Key]>
}>

/** Where questions are asked. */
export interface Terminal {
  readonly input: Readable
  readonly output: Writable
}

const DEFAULTS: Answers = { folder: 'sojourn-app', framework: 'express', store: 'lmdb', language: 'ts', install: true }

/** Asks for what the flags leave open; with `--yes`, takes the defaults. */
export async function answersFor(flags: Flags, terminal: Terminal | null, manager: PackageManager): Promise<Answers> {
  if (flags.yes) return { ...DEFAULTS, ...given(flags) }
  const missing = (Object.keys(DEFAULTS) as (keyof Answers)[]).filter((key) => flags[key] === undefined)
  if (missing.length === 0) return given(flags) as Answers
  if (terminal === null) {
    throw new UsageError(
      `There is no terminal to ask in, and these are missing: ${missing.join(', ')}. Give them as options (--help lists them), or add --yes for the defaults.`,
    )
  }
  return {
    folder: flags.folder ?? (await askFolder(terminal)),
    framework: flags.framework ?? (await choose('Which framework?', FRAMEWORKS, terminal)),
    store: flags.store ?? (await choose('Where are sessions kept?', STORES, terminal)),
    language: flags.language ?? (await choose('Which language?', LANGUAGES, terminal)),
    install:
      flags.install ?? answer(await confirm({ message: `Install the packages with ${manager} now?`, ...terminal })),
  }
}

function given(flags: Flags): Partial<Answers> {
  return Object.fromEntries(
    Object.keys(DEFAULTS).flatMap((key) => {
      const value = flags[key as keyof Answers]
      return value === undefined ? [] : [[key, value]]
    }),
  )
}

async function askFolder(terminal: Terminal): Promise<string> {
  const folder = await text({
    message: 'Which folder?',
    placeholder: DEFAULTS.folder,
    defaultValue: DEFAULTS.folder,
    // Enter alone takes the default.
    validate: (value) => whyNotIn(value || DEFAULTS.folder) ?? undefined,
    ...terminal,
  })
  return answer(folder).trim()
}

async function choose<Name extends string>(
  message: string,
  choices: Readonly<Record<Name, { readonly title: string; readonly hint?: string }>>,
  terminal: Terminal,
): Promise<Name> {
  const options = Object.entries<{ readonly title: string; readonly hint?: string }>(choices).map(
    ([value, { title, hint }]) => ({ value, label: title, ...(hint !== undefined && { hint }) }),
  )
  return answer(await select<string>({ message, options, ...terminal })) as Name
}

function answer<Value>(value: Value): Exclude<Value, symbol> {
  if (isCancel(value)) throw new UsageError('Stopped. Nothing was written.')
  return value as Exclude<Value, symbol>
}
