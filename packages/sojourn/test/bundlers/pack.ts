import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { newFolder } from '../support/servers/program.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { resolve } = createRequire(import.meta.url)

type Manifest = { readonly exports: Record<string, string | { readonly default: string }> }

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

export interface Entry {
  readonly specifier: string
  /** The source, from `src`. */
  readonly source: string
}

/** Everything that the package exports. */
export const ENTRIES: readonly Entry[] = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : [{ specifier: `sojourn${subpath.slice(1)}`, source: target.default.slice('./dist/'.length, -'.js'.length) }],
)

/** The package as it is published, from the sources as they are now, in an application of its own with these packages. */
export async function applicationWith(packages: readonly string[]): Promise<string> {
  const folder = await newFolder('bundlers')
  const installed = join(folder, 'node_modules')
  const sojourn = join(installed, 'sojourn')
  for (const [file, text] of built) {
    mkdirSync(dirname(join(sojourn, 'dist', file)), { recursive: true })
    writeFileSync(join(sojourn, 'dist', file), text)
  }
  writeFileSync(join(sojourn, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'application', private: true }))
  for (const name of ['@noble/hashes', ...packages]) {
    mkdirSync(dirname(join(installed, name)), { recursive: true })
    symlinkSync(folderOf(name), join(installed, name))
  }
  return folder
}

function toJavaScript(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText
}

const built: readonly (readonly [file: string, text: string])[] = readdirSync(join(root, 'src'), {
  recursive: true,
  encoding: 'utf8',
})
  .filter((file) => file.endsWith('.ts'))
  .map((file) => [file.replace(/\.ts$/, '.js'), toJavaScript(readFileSync(join(root, 'src', file), 'utf8'))])

/** Where the package lies, though it may not export its `package.json`. */
function folderOf(name: string): string {
  let folder = dirname(resolve(name.startsWith('@noble') ? `${name}/hkdf.js` : name))
  while (!isFolderOf(folder, name)) folder = dirname(folder)
  return folder
}

function isFolderOf(folder: string, name: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }).name === name
  } catch {
    return false
  }
}
