import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { createSessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { postgresStore } from 'sojourn/stores/postgres'
import { expect, test } from 'vitest'
import { startPostgres } from '../packages/sojourn/test/support/servers/postgres.ts'
import { newFolder, programPath } from '../packages/sojourn/test/support/servers/program.ts'
import { without } from '../tools/servers.mjs'
import { snippetsOf } from './docs/snippets.ts'

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

test('the page about backups: LMDB, from a copy that was made while the store was open', async () => {
  const folder = await newFolder('backup')
  const store = lmdbStore({ path: join(folder, 'sessions') })
  const sessions = createSessions({ store })
  const { cookie } = await logIn(sessions)
  await store.backup(join(folder, 'copy'))
  await sessions.revokeAll('ada')
  await sessions.close()

  const restored = createSessions({ store: lmdbStore({ path: join(folder, 'copy') }) })
  const handler = withSession(restored, (_request, session) => new Response(session.userId))
  const open = async () => (await handler(new Request('https://shop.example/', { headers: { cookie } }))).text()
  // What the page warns of: a session that ended after the backup is open again.
  expect(await open()).toBe('ada')
  await (await restored.endAll({ reason: 'restored' })).removed
  expect(await open()).toBe('')
  await restored.close()
})
