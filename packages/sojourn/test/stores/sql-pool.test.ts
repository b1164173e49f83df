import type pg from 'pg'
import { createSessions } from 'sojourn'
import { afterAll, expect, test } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { createClient } from '../core/kit.ts'
import { openPool } from '../support/servers/pg-pool.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { NOW } from './records.ts'
import { newTable } from './sql-contract.ts'

const server = await startPostgres()
const pools: pg.Pool[] = []
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
  await server.stop()
})

function open(config: pg.PoolConfig): pg.Pool {
  const pool = openPool({ connectionString: server.url, ...config })
  pools.push(pool)
  return pool
}

/** As many requests as the application's pool has connections; each holds one in a transaction while it logs in. */
async function visit(ofApplication: pg.Pool, ofSessions: pg.Pool): Promise<readonly unknown[]> {
  const store = postgresStore({ client: ofSessions, table: newTable() })
  await store.setup()
  const sessions = createSessions({ store, clock: () => NOW })
  let holding = 0
  let go: () => void = () => undefined
  const allHold = new Promise<void>((resolve) => {
    go = resolve
  })
  const request = (): Promise<unknown> =>
    createClient(sessions)
      .send(async (session) => {
        const connection = await ofApplication.connect()
        try {
          await connection.query('BEGIN')
          if (++holding === 2) go()
          await allHold
          await session.login('ada')
          await connection.query('COMMIT')
          return 'logged in'
        } catch (error) {
          await connection.query('ROLLBACK')
          throw error
        } finally {
          connection.release()
        }
      })
      .then(
        ({ value }) => value,
        (error: unknown) => error,
      )
  const answers = await Promise.all([request(), request()])
  // A moment later each is let in.
  expect(await sessions.list('ada')).toHaveLength(answers.filter((answer) => answer === 'logged in').length)
  expect(await createClient(sessions).send((session) => session.login('eve'))).toMatchObject({})
  return answers
}

test('requests that hold a connection while they log in wait for each other in a shared pool: with a limit of time that is a clean 503, and over', async () => {
  const shared = open({ max: 2, connectionTimeoutMillis: 300 })
  const answers = await visit(shared, shared)
  const outage = {
    code: 'ERR_STORE',
    status: 503,
    headers: { 'retry-after': '1' },
    cause: { message: expect.stringMatching(/timeout exceeded/) },
  }
  // The first that gives up hands its connection to the other.
  expect(answers.filter((answer) => answer !== 'logged in')[0]).toMatchObject(outage)
}, 20_000)

test('with a pool of its own for sessions nobody waits', async () => {
  const answers = await visit(open({ max: 2 }), open({ max: 2 }))
  expect(answers).toEqual(['logged in', 'logged in'])
}, 20_000)
