import { describe, expect, test } from 'vitest'
import { mysqlSink } from '../../src/events/audit-log/mysql.ts'
import { postgresSink } from '../../src/events/audit-log/postgres.ts'
import { sqliteSink } from '../../src/events/audit-log/sqlite.ts'
import { mysqlStore } from '../../src/stores/mysql.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'

const url = 'postgres://user:top-secret@127.0.0.1:1/none'
const OPTION = expect.objectContaining({ code: 'ERR_OPTION' })

describe('names that go into SQL', () => {
  const hostile = [
    '',
    '1st',
    'a"b',
    'a`b',
    'a;DROP TABLE users',
    'a b',
    'web.sessions',
    'ключ',
    'x'.repeat(49),
    '__proto__ ',
    7,
    null,
  ]

  test.each(hostile)('injection: %j is refused as table and as schema', (name) => {
    expect(() => postgresStore({ url, table: name as string })).toThrow(OPTION)
    expect(() => postgresStore({ url, schema: name as string })).toThrow(OPTION)
    expect(() => mysqlStore({ url: 'mysql://127.0.0.1/none', table: name as string })).toThrow(OPTION)
  })

  test('of a variable that is not set are refused, and do not become the default', () => {
    const unset = undefined as unknown as string
    const said = expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('is not set') })
    expect(() => postgresStore({ url, table: unset })).toThrow(said)
    expect(() => postgresStore({ url, schema: unset })).toThrow(said)
    expect(() => mysqlStore({ url: 'mysql://127.0.0.1/none', table: unset })).toThrow(said)
    expect(() => sqliteStore({ path: ':memory:', table: unset })).toThrow(said)
    expect(() => postgresSink({ url, schema: unset })).toThrow(said)
    expect(() => mysqlSink({ url: 'mysql://127.0.0.1/none', table: unset })).toThrow(said)
    expect(() => sqliteSink({ path: ':memory:', table: unset })).toThrow(said)
  })

  test('plain words are fine', () => {
    expect(postgresStore({ url, table: 'Sessions_2', schema: '_web' }).name).toBe('postgres')
    expect(mysqlStore({ url: 'mariadb://127.0.0.1/none', table: 'select' }).name).toBe('mysql')
  })
})

describe('clients', () => {
  test.each([undefined, null, {}, [], 'pg', { execute: () => null }])('%j is none', (client) => {
    expect(() => postgresStore({ client: client as never })).toThrow(OPTION)
    expect(() => mysqlStore({ client: client as never })).toThrow(OPTION)
  })

  test('a url and a client, or the url of another database, are refused', () => {
    expect(() => postgresStore({ url, client: { query: () => null } as never })).toThrow(OPTION)
    expect(() => postgresStore({ url: 'mysql://127.0.0.1/none' })).toThrow(OPTION)
    expect(() => mysqlStore({ url })).toThrow(OPTION)
  })

  test('a password in the url is in no error', async () => {
    for (const store of [postgresStore({ url }), mysqlStore({ url: 'mysql://user:top-secret@127.0.0.1:1/none' })]) {
      const error: unknown = await Promise.resolve(store.list('ada')).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_STORE', status: 503 })
      const { message, stack, cause } = error as Error
      expect([message, stack, String(cause), JSON.stringify(cause)].join()).not.toContain('top-secret')
      await store.close()
    }
  })

  test('a store that was never used closes, twice', async () => {
    for (const store of [postgresStore({ url }), mysqlStore({ url: 'mysql://127.0.0.1/none' })]) {
      await store.close()
      await store.close()
      expect(() => store.list('ada')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    }
  })
})
