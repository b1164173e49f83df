import type { Store } from 'sojourn'
import { mysqlStore } from 'sojourn/stores/mysql'
import { postgresStore } from 'sojourn/stores/postgres'
import { startMariadb } from '../support/servers/mariadb.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import type { Running } from '../support/servers/program.ts'
import { startProxy } from '../support/servers/proxy.ts'
import type { Deployment, Scenario } from './deployment.ts'
import { cutOften, later, signalTree } from './trouble.ts'

interface SqlServer extends Running {
  readonly port: number
  readonly url: string
  restart(): Promise<void>
}

interface Engine {
  readonly store: string
  readonly program: string
  start(): Promise<SqlServer>
  connect(url: string): Store
}

const ENGINES: readonly Engine[] = [
  {
    store: 'postgres',
    program: 'postgres',
    start: () => startPostgres(['fsync=on']),
    connect: (url) => postgresStore({ url }),
  },
  {
    store: 'mariadb',
    program: 'mariadbd',
    // As it is by default: a commit is on disk before it is answered.
    start: () => startMariadb(['--innodb-flush-log-at-trx-commit=1']),
    connect: (url) => mysqlStore({ url }),
  },
]

const FAULTS: Readonly<Record<string, (server: SqlServer) => Promise<void>>> = {
  async 'killed and started again'(server) {
    await signalTree(server.process.pid, 'SIGKILL')
    await server.kill()
    await server.restart()
  },
  async paused(server) {
    await signalTree(server.process.pid, 'SIGSTOP')
    await later(1500)
    await signalTree(server.process.pid, 'SIGCONT')
  },
}

export const sqlScenarios: readonly Scenario[] = ENGINES.flatMap(({ store, program, start, connect }) => [
  ...Object.entries(FAULTS).map(
    ([fault, strike]): Scenario => ({
      store,
      program,
      fault,
      writes: 'kept',
      recoversFrom: 'end',
      async open() {
        const server = await start()
        return { ...(await deploy(connect, server.url, () => server.stop())), strike: () => strike(server) }
      },
    }),
  ),
  {
    store,
    program,
    fault: 'cut off in the middle of replies',
    writes: 'kept',
    recoversFrom: 'end',
    async open() {
      const server = await start()
      const proxy = await startProxy(server.port)
      const url = new URL(server.url)
      url.port = `${proxy.port}`
      const close = async (): Promise<void> => {
        await proxy.stop()
        await server.stop()
      }
      return { ...(await deploy(connect, url.href, close)), strike: () => cutOften(proxy) }
    },
  },
])

async function deploy(
  connect: Engine['connect'],
  url: string,
  stop: () => Promise<void>,
): Promise<Pick<Deployment, 'stores' | 'close'>> {
  const stores = [connect(url), connect(url)] as const
  for (const store of stores) await store.setup?.()
  return {
    stores,
    async close() {
      for (const store of stores) await store.close()
      await stop()
    },
  }
}
