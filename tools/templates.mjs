import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { filesOf } from './packages.mjs'
import { root, runNode } from './run.mjs'

const TYPESCRIPT = join(root, 'packages/create/template')
const JAVASCRIPT = join(root, 'packages/create/template-javascript')

/** Stands for an empty line, which the compiler would drop. In a text it becomes an empty line again too. */
const EMPTY = '//\u00a0'

/**
 * The same code without types.
 * @param {string} text
 */
function toJavaScript(text) {
  const { outputText } = ts.transpileModule(text.replace(/^$/gm, EMPTY), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
      newLine: ts.NewLineKind.LineFeed,
    },
  })
  return `${outputText.replaceAll(new RegExp(`^ *${EMPTY}$`, 'gm'), '').trimEnd()}\n`
}

/** Makes the JavaScript templates of `npm create sojourn`, if a TypeScript one has changed. Returns the exit code. */
export function buildTemplates() {
  const files = filesOf(TYPESCRIPT, '.ts')
  const targetOf = (/** @type {string} */ file) => join(JAVASCRIPT, file.replace(/\.ts$/, '.js'))
  const isFresh = (/** @type {string} */ file) =>
    existsSync(targetOf(file)) && statSync(targetOf(file)).mtimeMs > statSync(join(TYPESCRIPT, file)).mtimeMs
  if (files.every(isFresh) && filesOf(JAVASCRIPT, '.js').length === files.length) return 0
  rmSync(JAVASCRIPT, { recursive: true, force: true })
  for (const file of files) {
    mkdirSync(dirname(targetOf(file)), { recursive: true })
    writeFileSync(targetOf(file), toJavaScript(readFileSync(join(TYPESCRIPT, file), 'utf8')))
  }
  return runNode('node_modules/@biomejs/biome/bin/biome', ['format', '--write', '--vcs-enabled=false', JAVASCRIPT])
}
