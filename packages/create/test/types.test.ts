import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { createIn, folderOfApplications, PROJECTS, root } from './support.ts'

const folder = folderOfApplications()

/** JavaScript says nothing about the type of a form, or of the store: members that the compiler does not know. */
const UNTYPED = [2339, 2488]

/** The problems that the compiler finds in all applications of a language, with the application's own options. */
function problemsOf(language: 'ts' | 'js', more: ts.CompilerOptions): string[] {
  const files = PROJECTS.filter((project) => project.language === language).flatMap((project) => {
    const home = createIn(folder, project)
    return ts.sys.readDirectory(join(home, 'src'))
  })
  expect(files.length).toBeGreaterThan(20 * 10)
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    skipLibCheck: true,
    noEmit: true,
    ...more,
  }
  const program = ts.createProgram(files, options)
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ code }) => language === 'ts' || !UNTYPED.includes(code))
    .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

const STRICT = {
  strict: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  rewriteRelativeImportExtensions: true,
}

test('every combination in TypeScript compiles', { timeout: 120_000 }, () => {
  expect(problemsOf('ts', STRICT)).toEqual([])
})

test('every combination in JavaScript is right too', { timeout: 120_000 }, () => {
  expect(problemsOf('js', { allowJs: true, checkJs: true, strict: false })).toEqual([])
})
