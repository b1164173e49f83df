import { createSessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { afterAll, expect, test } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { type StoreFromOptions, storeFrom } from '../../src/stores/url.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import type { Running } from '../support/servers/program.ts'
import { startRedis } from '../support/servers/redis.ts'

const SERVERS = [
  ['redis-server', startRedis],
  ['postgres', startPostgres],
  ['mariadbd', startMariadb],
] as const

const stops: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

/** An application with a cookie of its own. `GET` answers who is logged in; `POST` logs ada in and answers the token. */
async function start(url: string, cookie: `__Host-${string}`, options?: StoreFromOptions) {
  const sessions = createSessions({
    store: await storeFrom(url, options),
    cookie: { name: cookie },
    warn: () => undefined,
  })
  stops.push(() => sessions.close())
  await sessions.setup()
  const handle = withSession(sessions, async ({ method }, session) => {
    if (method === 'POST') await session.login('ada')
    return new Response(session.userId)
  })
  return {
    sessions,
    async login(): Promise<string> {
      const response = await handle(new Request('https://shop.example', { method: 'POST' }))
      return response.headers.getSetCookie()[0]?.split(';')[0]?.split('=')[1] ?? ''
    },
    async userOf(token: string): Promise<string> {
      const headers = { cookie: `${cookie}=${token}` }
      return (await handle(new Request('https://shop.example', { headers }))).text()
    },
  }
}

test.each(SERVERS.filter(([name]) => !without().includes(name)))(
  '%s: a token of one application opens nothing in another, and neither lists nor ends its sessions',
  async (_, startServer) => {
    const server: Running & { readonly url: string } = await startServer()
    stops.push(() => server.stop())
    const shop = await start(server.url, '__Host-shop', { application: 'shop' })
    const admin = await start(server.url, '__Host-admin', { application: 'admin' })
    const token = await shop.login()

    expect(await admin.userOf(token)).toBe('')
    expect(await admin.sessions.list('ada')).toEqual([])
    await admin.sessions.passwordChanged('ada')
    await admin.sessions.revokeAll('ada')
    expect(await shop.userOf(token)).toBe('ada')

    // The same name on another machine is the same application.
    const other = await start(server.url, '__Host-shop', { application: 'shop' })
    expect(await other.userOf(token)).toBe('ada')
  },
)
