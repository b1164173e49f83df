import { join } from 'node:path'
import Database from 'libsql'
import { createSessions, type Guard, memoryStore, type SessionEvent, type Sessions, type Store } from 'sojourn'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { type SqliteClient, sqliteStore } from 'sojourn/stores/sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { createClient, createClock, HOUR, type TestData } from '../core/kit.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startRedis } from '../support/servers/redis.ts'

const folder = quickFolder('account')
const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function started<T extends { stop(): unknown }>(program: string, start: () => Promise<T>): Promise<T | null> {
  if (without().includes(program)) return null
  const server = await start()
  cleanups.push(() => server.stop())
  return server
}

function sqliteClient(): SqliteClient {
  const client = new Database(join(folder, 'sessions.sqlite'))
  cleanups.push(() => client.close())
  return client as unknown as SqliteClient
}

const redis = await started('redis-server', startRedis)
const postgres = await started('postgres', startPostgres)

const STORES: readonly [string, (() => Store) | null][] = [
  ['memory', () => memoryStore()],
  ['LMDB', () => lmdbStore({ path: join(folder, 'lmdb') })],
  ['SQLite', () => sqliteStore({ client: sqliteClient() })],
  ['Redis', redis && (() => redisStore({ url: redis.url }))],
  ['PostgreSQL', postgres && (() => postgresStore({ url: postgres.url }))],
]

/** How many browsers of one user are busy at once. */
const BROWSERS = 6

describe.each(STORES)('changes of an account during requests, over %s', (name, open) => {
  async function withBrowsers(work: (world: Awaited<ReturnType<typeof createBrowsers>>) => Promise<void>) {
    if (open === null) return
    const store = open()
    await store.setup?.()
    try {
      await work(await createBrowsers(store))
    } finally {
      await store.close()
    }
  }

  async function createBrowsers(store: Store) {
    const accounts = { isActive: true }
    const active: Guard = {
      name: 'active',
      login: () => (accounts.isActive ? null : { refuse: 'This account is disabled.' }),
    }
    const clock = createClock(Date.now())
    const sessions: Sessions<TestData> = createSessions<TestData>({ store, clock, guards: [active], warn: () => {} })
    const user = `${name}-${crypto.randomUUID()}`
    const browsers = Array.from({ length: BROWSERS }, () => createClient(sessions))
    for (const browser of browsers) await browser.send((session) => session.login(user, { methods: ['pwd'] }))
    const events: SessionEvent<'account'>[] = []
    sessions.on('account', (event) => void events.push(event))
    return { accounts, clock, sessions, user, browsers, events }
  }

  /** Renewals, writes, updates and saves of every browser, which begin before the change and end after it. */
  async function busily(
    { browsers, clock }: Awaited<ReturnType<typeof createBrowsers>>,
    change: () => Promise<unknown>,
  ): Promise<void> {
    // Renewals are due.
    for (let i = 0; i < 3; i++) {
      for (const browser of browsers) await browser.send(() => {})
      clock.advance(HOUR / 3)
    }
    const exchanges = await Promise.all(browsers.map((browser) => browser.open()))
    const changing = change()
    await Promise.allSettled(
      exchanges.map(async ({ session, commit }, index) => {
        session.data.page = index
        if (index % 3 === 0) await session.update('count', () => index)
        if (index % 3 === 1) await session.save()
        browsers[index]?.receive(await commit())
      }),
    )
    await changing
  }

  test.skipIf(open === null).each(['passwordChanged', 'factorChanged', 'accountDisabled', 'accountDeleted'] as const)(
    '1 Ended is ended: %s, and no write or renewal in flight brings a session back',
    async (verb) => {
      await withBrowsers(async (world) => {
        const { sessions, user, browsers, events } = world
        await busily(world, () => sessions[verb](user))
        for (const browser of browsers) {
          expect((await browser.send(({ userId, refused }) => [userId, refused])).value).toEqual([null, 'ended'])
        }
        expect([await sessions.list(user), events]).toEqual([[], [expect.objectContaining({ count: BROWSERS })]])
      })
    },
    30_000,
  )

  test.skipIf(open === null)(
    'passwordChanged keeps the one session that it is told, and its old token stops at once',
    async () => {
      await withBrowsers(async ({ sessions, user, browsers }) => {
        const [mine, ...others] = browsers
        if (mine === undefined) throw new Error('There is no browser.')
        const old = mine.cookie()
        await mine.send((session) => sessions.passwordChanged(user, { keep: session }))
        expect((await mine.send(({ userId }) => userId, { cookie: old })).value).toBeNull()
        expect((await mine.send(({ userId }) => userId)).value).toBe(user)
        for (const other of others) expect((await other.send(({ userId }) => userId)).value).toBeNull()
      })
    },
    30_000,
  )

  test.skipIf(open === null).each(['emailChanged', 'roleChanged'] as const)(
    '%s: whatever is in flight, everybody stays logged in, without their proof, under a new token',
    async (verb) => {
      await withBrowsers(async (world) => {
        const { sessions, user, browsers } = world
        const before = browsers.map((browser) => browser.token())
        await busily(world, () => sessions[verb](user))
        for (const browser of browsers) {
          const { value } = await browser.send((session) => [session.userId, session.authenticatedWithin('12h')])
          await browser.send(() => {})
          expect(value).toEqual([user, false])
          expect(before).not.toContain(browser.token())
        }
      })
    },
    30_000,
  )

  test.skipIf(open === null)(
    'logins at the moment of accountDisabled are refused, or their sessions end',
    async () => {
      await withBrowsers(async ({ accounts, sessions, user }) => {
        const late = Array.from({ length: BROWSERS }, () => createClient(sessions))
        const logins = late.map((browser) => browser.send((session) => session.login(user)))
        const disabled = Promise.resolve().then(() => {
          accounts.isActive = false
          return sessions.accountDisabled(user)
        })
        await Promise.allSettled([...logins, disabled])
        expect(await sessions.list(user)).toEqual([])
        for (const browser of late) expect((await browser.send(({ userId }) => userId)).value).toBeNull()
      })
    },
    30_000,
  )
})
