import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createClient } from '../../../test/docs/client.ts'
import { hasRuntimes, runtimePath } from '../../../tools/runtimes.mjs'
import { without } from '../../../tools/servers.mjs'
import { startPostgres } from '../../sojourn/test/support/servers/postgres.ts'
import type { Running } from '../../sojourn/test/support/servers/program.ts'
import { startRedis } from '../../sojourn/test/support/servers/redis.ts'
import type { Project, StoreName } from '../src/index.ts'
import { createIn, DEMO, folderOfApplications, PROJECTS, root } from './support.ts'

const folder = folderOfApplications()

/** Every framework, every store and both languages at least once. `npm run check:install` tries all combinations. */
const SOME = ['express-redis-ts', 'fastify-postgres-js', 'hono-lmdb-ts', 'node-sqlite-js', 'express-memory-js']
const ALL = process.env.SOJOURN_CREATE_ALL !== undefined
const projects = PROJECTS.filter(({ name }) => ALL || SOME.includes(name))

/** What a store needs that the user may have left out: its tests are skipped and reported. */
const NEEDS: Partial<Record<StoreName, string>> = { redis: 'redis-server', postgres: 'postgres', sqlite: 'runtimes' }
const isLeftOut = ({ store }: Project): boolean => without().includes(NEEDS[store] ?? '')

const servers: Running[] = []
afterAll(async () => {
  for (const server of servers) await server.stop()
})

/** One server of a kind, for all applications of this file. */
function shared(start: () => Promise<Running & { readonly url: string }>): () => Promise<string> {
  let url: Promise<string> | null = null
  return () => {
    url ??= start().then((server) => {
      servers.push(server)
      return server.url
    })
    return url
  }
}
const redisUrl = shared(startRedis)
const postgresUrl = shared(startPostgres)

const SETTINGS: Record<StoreName, () => Promise<Record<string, string>>> = {
  memory: async () => ({}),
  lmdb: async () => ({}),
  sqlite: async () => ({}),
  redis: async () => ({ REDIS_URL: await redisUrl() }),
  postgres: async () => ({ DATABASE_URL: await postgresUrl() }),
}

/** SQLite is built into Node 22 and later. */
const programFor = ({ store }: Project): string =>
  store === 'sqlite' && hasRuntimes ? runtimePath('node/bin/node') : process.execPath

const expectSuccess = (program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): void => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
  expect(status, stdout + stderr).toBe(0)
}

/** The address that a server prints when it listens. */
async function addressOf(child: ChildProcess): Promise<string> {
  let [text, complaint] = ['', '']
  child.stderr?.on('data', (part: Buffer) => {
    complaint += part
  })
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (part: Buffer) => {
      text += part
      const [address] = /http:\/\/localhost:\d+/.exec(text) ?? []
      if (address !== undefined) resolve(address)
    })
    child.once('exit', (code) => reject(new Error(`The application ended with ${code}: ${complaint}`)))
  })
}

describe.each(projects.map((project) => [project.name, project] as const))('%s', (_, project) => {
  test.skipIf(isLeftOut(project))(
    'is built, passes its own test, starts, logs in, and stops',
    { timeout: 60_000 },
    async () => {
      const home = createIn(folder, project)
      const env = { ...process.env, ...(await SETTINGS[project.store]()), PORT: '0', NODE_ENV: 'development' }
      const program = programFor(project)
      const output = project.language === 'ts' ? 'dist' : 'src'
      if (project.language === 'ts')
        expectSuccess(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], home, env)
      expectSuccess(program, ['--test', `${output}/app.test.js`], home, env)

      const child = spawn(program, [`${output}/main.js`], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
      try {
        const client = createClient(await addressOf(child))
        expect((await client.get('/health')).status).toBe(200)
        const form = new URLSearchParams({ name: DEMO.user, password: DEMO.password })
        expect((await client.post('/login', form)).status).toBe(303)
        expect(await (await client.get('/')).text()).toContain('Hello, ada')
        child.kill('SIGTERM')
        expect(await once(child, 'exit')).toEqual([0, null])
      } finally {
        child.kill('SIGKILL')
      }
    },
  )

  if (project.language === 'js') return
  test.skipIf(isLeftOut(project) || !hasRuntimes)(
    'starts from its sources where Node runs TypeScript, as npm run dev does',
    { timeout: 60_000 },
    async () => {
      const home = createIn(folder, { ...project, name: `${project.name}-dev` })
      const env = { ...process.env, ...(await SETTINGS[project.store]()), PORT: '0', NODE_ENV: 'development' }
      const child = spawn(runtimePath('node/bin/node'), ['src/main.ts'], {
        cwd: home,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      try {
        expect((await createClient(await addressOf(child)).get('/health')).status).toBe(200)
      } finally {
        child.kill('SIGKILL')
      }
    },
  )
})
