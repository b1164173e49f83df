import { parseArgs } from 'node:util'
import { findChanges, findInTemplate } from './migrate/find-changes.ts'
import type { Place } from './migrate/found.ts'
import type { Companions } from './migrate/library-rules.ts'
import { findPackages } from './migrate/packages.ts'
import { isCode, isTemplate, type ProjectFile, projectFiles } from './migrate/project-files.ts'
import { loadParser, modulesOf, type SyntaxNode } from './migrate/syntax.ts'

const USAGE = `Usage: sojourn migrate express-session [options] [FOLDER]

Reads an application that uses express-session, and prints what has to change: file, line, what stands there, and what
replaces it. Lines with ? need somebody who knows the application. Nothing is written.

FOLDER is the current one unless you name another. Skipped: node_modules, dist, build, coverage, and what begins with a
dot.

  --json           print the changes as JSON

Exit codes: 0 the application was read, 2 it could not be read, or does not use express-session.`

const PAGE = 'The page "Move from express-session by hand" explains each change, and how nobody is logged out.'

interface FileChanges {
  readonly path: string
  readonly changes: readonly Place[]
}

/** `sojourn migrate`. Returns the exit code. */
export async function migrateCommand(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  try {
    const { folder, isJson } = readArguments(args)
    const { files, unread } = await readProject(folder)
    if (isJson) console.log(JSON.stringify({ files, unread }, null, 2))
    else print(files, unread)
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : 'migrate failed.')
    return 2
  }
}

function readArguments(args: readonly string[]): { readonly folder: string; readonly isJson: boolean } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  })
  const [from, folder = '.', ...more] = positionals
  if (from !== 'express-session' || more.length > 0) throw new Error(USAGE)
  return { folder, isJson: values.json }
}

interface Project {
  readonly files: readonly FileChanges[]
  readonly unread: readonly string[]
}

async function readProject(folder: string): Promise<Project> {
  const parse = await loadParser()
  const others: FileChanges[] = []
  const code: { readonly file: ProjectFile; readonly program: SyntaxNode; readonly modules: readonly string[] }[] = []
  const unread: string[] = []
  for await (const file of projectFiles(folder)) {
    const { path, text } = file
    if (!isCode(path)) others.push({ path, changes: isTemplate(path) ? findInTemplate(text) : findPackages(text) })
    else {
      const program = parse(path, text)
      const modules = program === null ? null : unlessTooDeep(() => modulesOf(program))
      if (program === null || modules === null) unread.push(path)
      else code.push({ file, program, modules })
    }
  }
  const uses = companionsOf(folder, new Set(code.flatMap(({ modules }) => modules)))
  const changed = code.flatMap(({ file: { path, text }, program }) => {
    const changes = unlessTooDeep(() => findChanges(program, text, uses))
    if (changes !== null) return { path, changes }
    unread.push(path)
    return []
  })
  const files = [...changed, ...others].filter(({ changes }) => changes.length > 0)
  return { files: files.sort((one, two) => (one.path < two.path ? -1 : 1)), unread }
}

/** Generated code may be nested more deeply than the stack. */
function unlessTooDeep<T>(work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function companionsOf(folder: string, modules: ReadonlySet<string>): Companions {
  const has = (...names: readonly string[]): boolean => names.some((name) => modules.has(name))
  if (!has('express-session')) {
    throw new Error(
      `No file in ${folder} that could be read imports express-session. Name the folder of the application.`,
    )
  }
  return {
    passport: has('passport'),
    flash: has('connect-flash', 'express-flash'),
    csrf: has('csurf', 'csrf-sync', 'csrf-csrf', 'tiny-csrf', 'lusca'),
  }
}

function print(files: readonly FileChanges[], unread: readonly string[]): void {
  for (const { path, changes } of files) {
    console.log(printable(path))
    for (const { line, column, code, change, sure } of changes) {
      console.log(printable(`  ${`${line}:${column}`.padEnd(8)}${sure ? ' ' : '?'} ${code}  →  ${change}`))
    }
    console.log('')
  }
  for (const path of unread)
    console.log(printable(`not read, because it is no valid code, or nested too deeply: ${path}`))
  const all = files.flatMap(({ changes }) => changes)
  const unsure = all.filter(({ sure }) => !sure).length
  const look = unsure === 0 ? '' : ` ${unsure} with a ?: look at them yourself.`
  console.log(`${all.length} places in ${files.length} files.${look}`)
  console.log(PAGE)
}

/** Names of files and code come from the project: control characters would reach the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?')
}
