import { removeBuilt } from '../support/child.ts'
import { newFolder } from '../support/servers/program.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { Deployment, Scenario } from './deployment.ts'
import { type RemoteStore, remoteStore } from './remote-store.ts'
import { later } from './trouble.ts'

const PROCESSES = 4

async function deploy(
  args: readonly string[],
  isNear: boolean,
  strike: (stores: readonly RemoteStore[], lastingMs: number) => Promise<void>,
  stop: () => Promise<void> = async () => undefined,
): Promise<Deployment> {
  const all = await Promise.all(Array.from({ length: PROCESSES }, () => remoteStore(args, isNear)))
  const [first, ...others] = all
  if (first === undefined) throw new Error('no process')
  return {
    stores: [first, ...others],
    strike: (lastingMs) => strike(all, lastingMs),
    async close() {
      for (const store of all) await store.close()
      await stop()
      await removeBuilt()
    },
  }
}

const common = { writes: 'kept', recoversFrom: 'end' } as const

export const processScenarios: readonly Scenario[] = [
  {
    ...common,
    store: 'lmdb, 4 processes',
    program: 'node',
    fault: 'nothing',
    open: async () => deploy(['lmdb', await newFolder('processes')], false, (_, lastingMs) => later(lastingMs)),
  },
  {
    ...common,
    store: 'redis and near cache, 4 processes',
    program: 'redis-server',
    fault: 'nothing',
    staleMs: 1_000,
    async open() {
      const server = await startRedis()
      return deploy(
        ['redis', server.url],
        true,
        (_, lastingMs) => later(lastingMs),
        () => server.kill(),
      )
    },
  },
]
