import { describe, expect, test } from 'vitest'
import { createSnippetProgram } from './docs/program.ts'
import { runSnippet } from './docs/run.ts'
import { pages, programSnippets, readPage, type Snippet, snippetsOf } from './docs/snippets.ts'
import { tablesOf } from './docs/tables.ts'

const snippets = programSnippets()
const program = createSnippetProgram(snippets)
/** Whether it, or a file of the page that it imports, needs a value that the reader must set, such as the address of a server. */
const needsVariable = (snippet: Snippet): boolean =>
  [snippet, ...snippetsOf(snippet.page).filter(({ name }) => name && snippet.code.includes(`'./${name}'`))].some(
    ({ code }) => /process\.env\.\w+ \?\? ''/.test(code),
  )
const standalone = snippets.filter((snippet) => !needsVariable(snippet) && program.openNamesOf(snippet).length === 0)
const titleOf = ({ page, line }: Snippet): string => `${page}:${line}`

describe('code in documents', () => {
  test('compiles, as strictly as the library itself', () => {
    expect(snippets.flatMap(program.faultsOf)).toEqual([])
  })

  test('a name that is left to the reader is said to be theirs', () => {
    const known = ['app', 'req', 'res', 'next', 'session', 'sessions']
    const unsaid = snippets.flatMap((snippet) =>
      program
        .openNamesOf(snippet)
        .filter((name) => !known.includes(name))
        .filter((name) => !new RegExp(`${name}.*\\byour own\\b`).test(readPage(snippet.page).replace(/`/g, '')))
        .map((name) => `${titleOf(snippet)}: ${name}`),
    )
    expect(unsaid).toEqual([])
  })

  test.each(standalone.map((snippet) => [titleOf(snippet), snippet] as const))(
    '%s runs as it stands',
    async (_, it) => {
      const running = await runSnippet(it, snippetsOf(it.page))
      await running.stop()
    },
    60_000,
  )
})

describe('tables in documents', () => {
  const tables = pages().flatMap(tablesOf)

  test.each(tables.map((table) => [`${table.page}: ${table.kind} ${table.words.join(' ')}`, table] as const))(
    '%s is whole and names nothing that is gone',
    (_, { kind, words: [module = '', type = ''], rows }) => {
      const named = rows.map(([first]) => first)
      if (kind === 'members') expect(named.sort()).toEqual([...program.membersOf(module, type)].sort())
      if (kind === 'own') expect(named.sort()).toEqual([...program.ownMembersOf(module, type)].sort())
      if (kind === 'words') expect(named.sort()).toEqual([...program.wordsOf(module, type)].sort())
      expect(named.length).toBeGreaterThan(0)
    },
  )

  test('events are listed with exactly their fields', () => {
    const rows = tables.find(({ kind }) => kind === 'events')?.rows ?? []
    const shown = Object.fromEntries(rows.map(([name = '', fields = '']) => [name, fields.split(', ').sort()]))
    expect(shown).toEqual(program.fieldsOf('sojourn', 'SessionEvents'))
  })
})
