import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** A file of the project that is read. */
export interface ProjectFile {
  /** Relative to the project, with `/`. */
  readonly path: string
  readonly text: string
}

const CODE = ['.js', '.cjs', '.mjs', '.jsx', '.ts', '.cts', '.mts', '.tsx']
const TEMPLATES = [
  '.ejs',
  '.pug',
  '.jade',
  '.hbs',
  '.handlebars',
  '.njk',
  '.mustache',
  '.eta',
  '.liquid',
  '.dust',
  '.twig',
]
const NOT_OURS = ['node_modules', 'bower_components', 'dist', 'build', 'coverage']
/** Larger files are bundles of somebody else's code. */
const MAX_BYTES = 1_000_000

export function isCode(path: string): boolean {
  return CODE.includes(extname(path))
}

export function isTemplate(path: string): boolean {
  return TEMPLATES.includes(extname(path))
}

/** Code, templates and package.json under this folder. Skips packages, built files, and what begins with a dot. */
export async function* projectFiles(folder: string, under = ''): AsyncGenerator<ProjectFile> {
  const entries = await readdir(join(folder, under), { withFileTypes: true })
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`
    if (entry.name.startsWith('.') || NOT_OURS.includes(entry.name)) continue
    if (entry.isDirectory()) yield* projectFiles(folder, path)
    if (!entry.isFile() || !isRead(entry.name)) continue
    const file = join(folder, path)
    if ((await stat(file)).size <= MAX_BYTES) yield { path, text: await readFile(file, 'utf8') }
  }
}

function isRead(name: string): boolean {
  if (name.endsWith('.d.ts') || /[.-]min\.[cm]?js$/.test(name)) return name.endsWith('.d.ts')
  return name === 'package.json' || isCode(name) || isTemplate(name)
}
