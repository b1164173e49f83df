import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** One piece of code that a document shows. */
export interface Snippet {
  /** The document, from the root of the repository. */
  readonly page: string
  /** The line number of its first line of code in the document, from 1. */
  readonly line: number
  readonly language: string
  /** The rest of the fence after the language. */
  readonly words: string
  /** `src/server.ts`, when the code begins with that as a comment: other snippets of the page can import it. */
  readonly name: string | null
  readonly code: string
}

const AT_ROOT = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']
const FOLDERS = ['docs', 'packages', 'bench', 'examples']

/** Every document of the repository. The build copies some of them into packages. */
export function pages(): readonly string[] {
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map(
      (file) => `${folder}/${file.replaceAll('\\', '/')}`,
    ),
  )
  return [
    ...AT_ROOT,
    ...found
      .filter(
        (file) =>
          file.endsWith('.md') && !/node_modules|\/dist\/|^packages\/[\w-]+\/(docs\/|CHANGELOG|SECURITY)/.test(file),
      )
      .sort(),
  ]
}

export function readPage(page: string): string {
  return readFileSync(`${root}${page}`, 'utf8')
}

export function snippetsOf(page: string): readonly Snippet[] {
  const snippets: Snippet[] = []
  const lines = readPage(page).split('\n')
  for (let at = 0; at < lines.length; at++) {
    const [, language, words = ''] = /^```(\w+)(.*)/.exec(lines[at] ?? '') ?? []
    if (language === undefined) continue
    const end = lines.indexOf('```', at + 1)
    if (end === -1) throw new Error(`${page}:${at + 1}: the code has no end`)
    const code = lines.slice(at + 1, end).join('\n')
    const name = /^\/\/ ([\w+./-]+\.tsx?)\n/.exec(code)?.[1] ?? null
    snippets.push({ page, line: at + 2, language, words: words.trim(), name, code })
    at = end
  }
  return snippets
}

/**
 * The snippets that are compiled: all in TypeScript or JavaScript, except those that are marked as another library's: `js with
 * express-session`.
 */
export function programSnippets(): readonly Snippet[] {
  return pages()
    .flatMap(snippetsOf)
    .filter(({ language, words }) => /^(ts|js|typescript|javascript|mts|mjs)$/.test(language) && words === '')
}

/** Where a snippet would lie if it were a file: beside the others of its page, inside the repository. */
export function fileOf({ page, line, name }: Snippet): string {
  return posix.join(root.replaceAll('\\', '/'), 'test/docs/pages', page, name ?? `line-${line}.ts`)
}
