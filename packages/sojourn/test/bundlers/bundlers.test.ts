import { execFile } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { PORTABLE } from '../../../../tools/checks/import-rule.mjs'
import { isLeftOut } from '../stores/redis-stores.ts'
import { newFolder } from '../support/servers/program.ts'
import { startRedis } from '../support/servers/redis.ts'
import { BUNDLERS, type Bundler, writeEntries } from './bundlers.ts'
import { applicationWith, ENTRIES } from './pack.ts'

const run = promisify(execFile)

const toName = (specifier: string): string => specifier.replaceAll('/', '_')
const toReexport = ({ specifier }: { readonly specifier: string }): [string, string] => [
  toName(specifier),
  `export * from '${specifier}'`,
]

/** What an entry cannot do anything without: who imports it has that installed. Drivers are loaded when they are used. */
const NEEDS = ['@opentelemetry/api', 'ws']

/**
 * NestJS requires packages of its own that are not installed, so bundlers need its configuration. Next.js bundles its applications
 * itself, which its own tests do.
 */
const BUNDLED = ENTRIES.filter(({ specifier }) => !['sojourn/nestjs', 'sojourn/next'].includes(specifier))

/** Two requests of one browser, on any runtime that has `fetch`'s types. */
const VISIT = `
async function visit(store) {
  const sessions = createSessions({ store })
  const visitor = (cookie) => new Request('https://shop.example/', { headers: cookie ? { cookie } : {} })
  const handle = withSession(sessions, async (request, session) => {
    if (session.userId === null) await session.login('ada')
    return new Response(session.userId)
  })
  const first = await handle(visitor())
  const cookie = first.headers.get('set-cookie').split(';')[0]
  const second = await handle(visitor(cookie))
  console.log(await second.text(), second.headers.has('set-cookie'))
  await sessions.close()
}`

const MEMORY = `
import { createSessions, memoryStore } from 'sojourn'
import { withSession } from 'sojourn/fetch'
${VISIT}
visit(memoryStore())`

const toUrl = (url: string): string => `
import { createSessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { storeFrom } from 'sojourn/stores/url'
${VISIT}
storeFrom('${url}').then(visit).catch((error) => console.log(error.code, error.message, error.cause?.message ?? ''))`

describe.each(Object.entries(BUNDLERS))('%s', (_, bundler) => {
  async function bundle(packages: readonly string[], texts: Record<string, string>, target: 'node' | 'web' = 'node') {
    const folder = await applicationWith(packages)
    const out = join(folder, 'out')
    await bundler.bundle({ folder, entries: writeEntries(folder, texts), out, target })
    return { folder, out }
  }

  /** Runs a bundle in a folder where the library is not, and only what the bundle was to leave out. */
  async function runAlone(out: string, name: string, bundle: Bundler, folder: string, needs: readonly string[]) {
    const elsewhere = await newFolder('bundle')
    cpSync(out, elsewhere, { recursive: true })
    if (needs.length > 0) symlinkSync(join(folder, 'node_modules'), join(elsewhere, 'node_modules'))
    const { stdout } = await run(process.execPath, [join(elsewhere, `${name}.${bundle.extension}`)], { cwd: elsewhere })
    return stdout.trim()
  }

  test('builds every entry where no driver is installed', async () => {
    await bundle(NEEDS, Object.fromEntries(BUNDLED.map(toReexport)))
  }, 120_000)

  test('builds what needs no Node for browsers and workers, with nothing of Node in it', async () => {
    const portable = ENTRIES.filter(({ source }) => PORTABLE.includes(source))
    expect(portable.map(({ specifier }) => specifier)).toContain('sojourn')
    const { out } = await bundle(NEEDS, Object.fromEntries(portable.map(toReexport)), 'web')
    for (const file of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
      if (!/\.[cm]?js$/.test(file)) continue
      const text = readFileSync(join(out, file), 'utf8')
      expect(/(?:from|import|require)\s*\(?\s*['"]node:[a-z/]+/.exec(text)?.[0]).toBeUndefined()
    }
  }, 120_000)

  test('the bundle runs without the library beside it', async () => {
    for (const target of ['node', 'web'] as const) {
      const { folder, out } = await bundle([], { app: MEMORY }, target)
      expect(await runAlone(out, 'app', bundler, folder, []), target).toBe('ada false')
    }
  }, 120_000)

  describe.skipIf(isLeftOut)('a store by URL', async () => {
    const server = isLeftOut ? null : await startRedis()
    afterAll(() => server?.stop())

    test.each(['redis', 'ioredis', 'iovalkey'])(
      'runs where only %s is installed',
      async (driver) => {
        const { folder, out } = await bundle([driver], { app: toUrl(server?.url ?? '') })
        const needs = bundler.packsDrivers ? [] : [driver]
        expect(await runAlone(out, 'app', bundler, folder, needs)).toBe('ada false')
      },
      120_000,
    )

    test('says what to install where nothing is', async () => {
      const urls = {
        redis: server?.url ?? '',
        postgres: 'postgres://127.0.0.1:1/x',
        mysql: 'mysql://127.0.0.1:1/x',
        dynamodb: 'dynamodb://eu-west-1/sessions?endpoint=http://127.0.0.1:1',
        lmdb: 'lmdb:./sessions',
      }
      const texts = Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, toUrl(url)]))
      const { folder, out } = await bundle([], texts)
      for (const name of Object.keys(urls)) {
        expect(await runAlone(out, name, bundler, folder, []), name).toMatch(/^ERR_OPTION .*package/)
      }
    }, 120_000)

    test('lmdb stays outside and is found beside the program', async () => {
      const { folder, out } = await bundle(['lmdb'], { app: toUrl('lmdb:./sessions') })
      expect(await runAlone(out, 'app', bundler, folder, ['lmdb'])).toBe('ada false')
    }, 120_000)
  })
})
