import type pg from 'pg'
import { postgresBus } from 'sojourn/buses/postgres'
import { expect, test } from 'vitest'
import { openPool } from '../support/servers/pg-pool.ts'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.ts'
import { startProxy } from '../support/servers/proxy.ts'
import { type BusServer, testBus } from './bus-tests.ts'

async function start(isPool: boolean): Promise<BusServer> {
  const server: PostgresServer = await startPostgres()
  // SIGSTOP would stop the postmaster, but not the processes that serve the connections.
  const proxy = await startProxy(server.port)
  const url = `postgres://postgres@127.0.0.1:${proxy.port}/postgres`
  const pools: pg.Pool[] = []
  const newPool = (): pg.Pool => {
    const pool = openPool({ connectionString: url, max: 3 })
    pools.push(pool)
    return pool
  }
  return {
    server: {
      pause: () => proxy.stall(),
      resume: () => proxy.heal(),
      kill: () => server.kill(),
      async stop() {
        await proxy.stop()
        await server.stop()
      },
    },
    restart: () => server.restart(),
    newBus: async () => (isPool ? postgresBus({ client: newPool() }) : postgresBus({ url })),
    shout: async (message) => newPool().query('SELECT pg_notify($1, $2)', ['sojourn', message]),
    async closeClients() {
      await Promise.all(pools.splice(0).map((pool) => pool.end()))
    },
  }
}

testBus('postgres bus over a pool', () => start(true))
testBus('postgres bus over a URL', () => start(false))

test('options that are wrong are refused at once', () => {
  for (const options of [{}, { url: 'postgres://x', client: {} }, { url: 'postgres://x', channel: 'A"; DROP' }]) {
    expect(() => postgresBus(options as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  }
})
