import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { startDynalite } from '../../../packages/sojourn/test/support/servers/dynalite.ts'
import { startMariadb } from '../../../packages/sojourn/test/support/servers/mariadb.ts'
import { startPostgres } from '../../../packages/sojourn/test/support/servers/postgres.ts'
import { startRedis } from '../../../packages/sojourn/test/support/servers/redis.ts'
import { hasRuntimes, runtimePath } from '../../../tools/runtimes.mjs'
import { without } from '../../../tools/servers.mjs'
import { demoUser, temporaryFolder } from './shop.ts'

const SERVER = fileURLToPath(new URL('../dist/server.js', import.meta.url))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Place {
  readonly url: string
  /** The runtime of the shop, if it is not this Node. */
  readonly node?: string
  readonly env?: Readonly<Record<string, string>>
}

const NODE_22 = Number(process.versions.node.split('.')[0]) >= 22

/** Where sessions can be; `folder` is empty and of this test. */
const STORES: Readonly<Record<string, { needs?: string; open(folder: string): Promise<Place> }>> = {
  lmdb: { open: async (folder) => ({ url: `lmdb:${folder}/elsewhere` }) },
  sqlite: {
    needs: 'runtimes',
    open: async (folder) => ({
      url: `sqlite:${folder}/sessions.db`,
      ...(!NODE_22 && { node: runtimePath('node/bin/node') }),
    }),
  },
  redis: { needs: 'redis-server', open: async () => ({ url: (await started(startRedis())).url }) },
  postgres: { needs: 'postgres', open: async () => ({ url: (await started(startPostgres())).url }) },
  mysql: { needs: 'mariadbd', open: async () => ({ url: (await started(startMariadb())).url }) },
  dynamodb: {
    async open() {
      const { endpoint } = await started(startDynalite())
      const env = { AWS_ACCESS_KEY_ID: 'none', AWS_SECRET_ACCESS_KEY: 'none' }
      return { url: `dynamodb://eu-central-1/sessions?endpoint=${endpoint}`, env }
    },
  },
}

async function started<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting
  cleanups.push(() => server.stop())
  return server
}

interface Shop {
  readonly url: string
  readonly said: string
  stop(): Promise<void>
}

/** The shop as `npm start` runs it: its own process, its own files. */
async function runShop({ url, env, node = process.execPath }: Place, folder: string): Promise<Shop> {
  if (!existsSync(SERVER)) throw new Error('The shop is not built: run `npm run build` first.')
  const child: ChildProcess = spawn(node, [SERVER], {
    env: { ...process.env, ...env, SOJOURN_STORE: url, SHOP_DATA: folder, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  cleanups.push(() => child.kill('SIGKILL'))
  let said = ''
  const address = await new Promise<string>((found, gone) => {
    child.once('exit', () => gone(new Error(`The shop ended before it was open. ${said}`)))
    for (const output of [child.stdout, child.stderr]) {
      output?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('Ctrl+C')) found(/http:\/\/localhost:\d+/.exec(said)?.[0] ?? '')
      })
    }
  })
  return {
    url: address,
    said,
    async stop() {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    },
  }
}

/** A browser, as far as cookies go, with a copy of what another one has. */
function createVisitor(
  jar = new Map<string, string>(),
): (url: string, form?: Record<string, string>) => Promise<string> {
  return async (url, form) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
      headers: { cookie, accept: 'text/html' },
      redirect: 'manual',
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return `${response.status} ${await response.text()}`
  }
}

describe.each(Object.entries(STORES))('the shop on %s', (name, { needs, open }) => {
  const isLeftOut = needs === 'runtimes' ? !hasRuntimes : without().includes(needs ?? '')

  test.skipIf(isLeftOut)(
    'keeps a cart and a login over a restart, and a logout for good',
    { timeout: 60_000 },
    async () => {
      const folder = temporaryFolder()
      cleanups.push(() => folder.remove())
      const place = await open(folder.path)
      const first = await runShop(place, folder.path)
      expect(first.said).toContain(`Sessions are kept in: ${name}`)

      const jar = new Map<string, string>()
      const visit = createVisitor(jar)
      await visit(`${first.url}/cart/enamel-cup`, { by: '1' })
      expect(await visit(`${first.url}/sign-in`, demoUser('alice'))).toMatch(/^303 /)
      await visit(`${first.url}/cart/field-notebook`, { by: '2' })
      await first.stop()

      const second = await runShop(place, folder.path)
      const cart = await visit(`${second.url}/cart`)
      expect(cart).toContain('1 of Enamel Cup')
      expect(cart).toContain('2 of Field Notebook')
      expect(await visit(`${second.url}/account`)).toMatch(/^200 /)
      const thief = createVisitor(new Map(jar))
      expect(await thief(`${second.url}/account`)).toMatch(/^200 /)
      expect(await visit(`${second.url}/sign-out`, {})).toMatch(/^303 /)
      expect(await visit(`${second.url}/account`)).toMatch(/^303 /)
      expect(await thief(`${second.url}/account`)).toMatch(/^303 /)
      await second.stop()
    },
  )
})

test('an invalid store is reported at start, without its value', async () => {
  const folder = temporaryFolder()
  cleanups.push(() => folder.remove())
  const failed = await runShop({ url: 'mongodb://user:hunter2@localhost' }, folder.path).catch((error: Error) => error)
  expect((failed as Error).message).toContain('ERR_OPTION')
  expect((failed as Error).message).not.toContain('hunter2')
})
