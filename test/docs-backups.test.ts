import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import Database from 'libsql'
import pg from 'pg'
import { createSessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { mysqlStore } from 'sojourn/stores/mysql'
import { postgresStore } from 'sojourn/stores/postgres'
import { type SqliteClient, sqliteStore } from 'sojourn/stores/sqlite'
import { expect, test, vi } from 'vitest'
import { startMariadb } from '../packages/sojourn/test/support/servers/mariadb.ts'
import { startPostgres } from '../packages/sojourn/test/support/servers/postgres.ts'
import { newFolder, programPath } from '../packages/sojourn/test/support/servers/program.ts'
import { without } from '../tools/servers.mjs'
import { runSnippet } from './docs/run.ts'
import { type Snippet, snippetsOf } from './docs/snippets.ts'

const snippets = snippetsOf('docs/how-to/back-up-and-restore.md')
const run = promisify(execFile)

/** A login in these sessions, and a function that reports who is logged in with its cookie. */
async function logIn(sessions: ReturnType<typeof createSessions>) {
  const handler = withSession(sessions, async (request, session) => {
    if (request.method === 'POST') await session.login('ada')
    return new Response(session.userId)
  })
  const login = await handler(new Request('https://shop.example/', { method: 'POST' }))
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return {
    cookie,
    who: async () => (await handler(new Request('https://shop.example/', { headers: { cookie } }))).text(),
  }
}

test.skipIf(without().includes('postgres'))(
  'the page about backups: PostgreSQL, by the commands of the page',
  async () => {
    const [dump = '', restore = ''] = snippets.find(({ code }) => code.includes('pg_dump'))?.code.split('\n') ?? []
    const server = await startPostgres()
    const sessions = createSessions({ store: postgresStore({ url: server.url }) })
    await sessions.setup()
    const { who } = await logIn(sessions)
    const env = {
      ...process.env,
      DATABASE_URL: server.url,
      PATH: `${dirname(programPath('initdb'))}:${process.env.PATH}`,
    }
    const options = { cwd: await newFolder('backup'), env }

    await run('/bin/sh', ['-c', dump], options)
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query('DELETE FROM sojourn_sessions')
    expect(await who()).toBe('')
    await run('/bin/sh', ['-c', restore], options)
    expect(await who()).toBe('ada')

    await client.end()
    await sessions.close()
    await server.stop()
  },
)

/** Runs a command of the page, with the names of the page replaced by those of the test. */
function shell(line: string, folder: string, names: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const command = Object.entries(names).reduce((text, [name, here]) => text.replaceAll(name, here), line)
  return run('/bin/sh', ['-c', command], { cwd: folder })
}

const lineWith = (text: string): string =>
  snippets.flatMap(({ code }) => code.split('\n')).find((line) => line.includes(text)) ?? ''

test('the page about backups: SQLite, by the command of the page, while the store is open', async () => {
  const folder = await newFolder('backup')
  await mkdir(join(folder, 'data'))
  await mkdir(join(folder, 'backup'))
  const open = (path: string) => {
    const client = new Database(path) as unknown as SqliteClient & { exec(sql: string): void; close(): void }
    client.exec('PRAGMA journal_mode = WAL')
    return { client, sessions: createSessions({ store: sqliteStore({ client }) }) }
  }
  const first = open(join(folder, 'data/sessions.db'))
  await first.sessions.setup()
  const { cookie } = await logIn(first.sessions)
  await shell(lineWith('VACUUM INTO'), folder)
  await first.sessions.revokeAll('ada')
  await first.sessions.close()
  first.client.close()

  // In the place of the old one, without its -wal and -shm files.
  await mkdir(join(folder, 'restored'))
  await copyFile(join(folder, 'backup/sessions.db'), join(folder, 'restored/sessions.db'))
  const again = open(join(folder, 'restored/sessions.db'))
  expect(await whoHas(again.sessions, cookie)).toBe('ada')
  await again.sessions.close()
  again.client.close()
})

test.skipIf(without().includes('mariadb'))('the page about backups: MariaDB, by the commands of the page', async () => {
  const folder = await newFolder('backup')
  const server = await startMariadb()
  const sessions = createSessions({ store: mysqlStore({ url: server.url }) })
  await sessions.setup()
  const { who } = await logIn(sessions)
  const at = `--no-defaults --protocol=tcp --host=127.0.0.1 --port=${server.port} --user=root`
  await shell(lineWith('mariadb-dump'), folder, {
    'transaction sessions': `transaction sojourn`,
    'dump ': `dump ${at} `,
  })
  await sessions.revokeAll('ada')
  expect(await who()).toBe('')
  await shell(lineWith('< sessions.sql'), folder, { 'mariadb sessions': `mariadb ${at} sojourn` })
  expect(await who()).toBe('ada')
  await sessions.close()
  await server.stop()
})

/** Who is logged in with this cookie. */
async function whoHas(sessions: ReturnType<typeof createSessions>, cookie: string): Promise<string> {
  const handler = withSession(sessions, (_request, session) => new Response(session.userId))
  return (await handler(new Request('https://shop.example/', { headers: { cookie } }))).text()
}

test('the page about backups: LMDB, by the script of the page with the variables of the servers, while the store is open', async () => {
  const folder = await newFolder('backup')
  const store = lmdbStore({ path: join(folder, 'sessions') })
  const sessions = createSessions({ store })
  const { cookie } = await logIn(sessions)
  const script = snippets.find(({ name }) => name === 'back-up-lmdb.ts') as Snippet
  vi.stubEnv('SOJOURN_STORE', `lmdb:${join(folder, 'sessions')}`)
  await (await runSnippet(script, snippets)).stop()
  vi.unstubAllEnvs()
  await sessions.revokeAll('ada')
  await sessions.close()

  const copy = (await readdir(folder)).find((name) => name.startsWith('sessions-')) ?? 'no copy'
  const restored = createSessions({ store: lmdbStore({ path: join(folder, copy) }) })
  const handler = withSession(restored, (_request, session) => new Response(session.userId))
  const open = async () => (await handler(new Request('https://shop.example/', { headers: { cookie } }))).text()
  // What the page warns of: a session that ended after the backup is open again.
  expect(await open()).toBe('ada')
  await (await restored.endAll({ reason: 'restored' })).removed
  expect(await open()).toBe('')
  await restored.close()
})
