import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { root, snippetsOf } from './docs/snippets.ts'

interface Column {
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
}

const PAGE = 'docs/how-to/create-the-tables.md'

/** The columns that a schema file defines. */
function columnsOf(database: string): Column[] {
  const file = readFileSync(`${root}packages/sojourn/schema/${database}.sql`, 'utf8')
  return [...file.matchAll(/^ {2}([a-z_]+) ([A-Za-z]+(?:\(\d+\))?)(.*)$/gm)].map(
    ([, name = '', type = '', rest = '']) => ({
      name,
      type: type.toLowerCase(),
      isNullable: !/NOT NULL|PRIMARY KEY/.test(rest),
    }),
  )
}

/** The type in each database for a word of the tool. */
const TYPES: Record<string, Record<string, string>> = {
  postgres: { int: 'integer', string: 'text', biginteger: 'bigint', json: 'jsonb' },
  mysql: { integer: 'int', biginteger: 'bigint', mediumtext: 'mediumtext' },
}

const toSql = (database: string, word: string): string => {
  const lower = word.toLowerCase()
  return TYPES[database]?.[lower] ?? lower
}

const readers: Record<string, (code: string, database: string) => Column[]> = {
  drizzle: (code, database) =>
    [...code.matchAll(/^ +\w+: (\w+)\('(\w+)'(?:, \{ (?:length: (\d+)|[^}]*) \})?\)(.*),$/gm)].map(
      ([, word = '', name = '', length, rest = '']) => ({
        name,
        type: toSql(database, word) + (length === undefined ? '' : `(${length})`),
        isNullable: !/notNull|primaryKey/.test(rest),
      }),
    ),
  prisma: (code, database) =>
    [...code.matchAll(/^ {2}(\w+) +(\w+)(\?)? *(.*)$/gm)].map(([, field = '', word = '', optional, rest = '']) => ({
      name: /@map\("(\w+)"\)/.exec(rest)?.[1] ?? field,
      type: toSql(database, /@db\.(\w+(?:\(\d+\))?)/.exec(rest)?.[1] ?? word),
      isNullable: optional !== undefined,
    })),
  knex: (code, database) =>
    [...code.matchAll(/^ +table\.(?!index|charset|collate)(\w+)\('(\w+)'(?:, (?:(\d+)|'(\w+)'))?\)(.*)$/gm)].map(
      ([, word = '', name = '', length, size, rest = '']) => ({
        name,
        type: length === undefined ? toSql(database, size ?? word) : `varchar(${length})`,
        isNullable: !/notNullable|primary/.test(rest),
      }),
    ),
}

describe('the definitions for other tools', () => {
  const fences = snippetsOf(PAGE).filter(({ words }) => words.startsWith('with '))
  const cases = Object.keys(readers).flatMap((tool) =>
    ['postgres', 'mysql'].map((database) => [tool, database] as const),
  )

  test.each(cases)('%s gives exactly the table of %s', (tool, database) => {
    const fence = fences.find(({ words }) => words === `with ${tool}, ${database}`)
    expect(readers[tool]?.(fence?.code ?? '', database)).toEqual(columnsOf(database))
    for (const index of ['sojourn_sessions_user_id', 'sojourn_sessions_expires_at'])
      expect(fence?.code).toContain(index)
  })
})
