import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mysqlDialect } from '../../src/stores/mysql/dialect.ts'
import { postgresDialect } from '../../src/stores/postgres/dialect.ts'
import type { Dialect } from '../../src/stores/sql/dialect.ts'
import { createStatements, DEFAULT_TABLE } from '../../src/stores/sql/statements.ts'
import { sqliteDialect } from '../../src/stores/sqlite/dialect.ts'

const fileOf = (name: string): string => readFileSync(new URL(`../../schema/${name}.sql`, import.meta.url), 'utf8')

const dialects: Record<string, Dialect> = { postgres: postgresDialect, mysql: mysqlDialect, sqlite: sqliteDialect }

describe('the files in schema', () => {
  test.each(Object.entries(dialects))('%s.sql is what setup runs', (name, dialect) => {
    const { setup } = createStatements(dialect, DEFAULT_TABLE)
    const texts = setup.map((one) => `${one({}).statement.text};\n`)
    expect(fileOf(name).replace(/^--.*\n/gm, '')).toBe(texts.join(''))
    expect(dialect.schemaFile).toBe(`sojourn/schema/${name}.sql`)
  })
})
