import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postgresStore } from 'sojourn/stores/postgres'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { type Io, main } from '../src/main.ts'
import { callerOf, commandFor, type PackageManager } from '../src/package-manager.ts'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-create-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const CHOICES = ['--framework', 'hono', '--store', 'redis', '--language', 'js', '--no-install']

async function run(args: readonly string[], more: Partial<Io> = {}) {
  const lines: string[] = []
  const io: Io = {
    terminal: null,
    env: {},
    node: '24.0.0',
    out: (text) => void lines.push(text),
    error: (text) => void lines.push(text),
    ...more,
  }
  return { code: await main(args, io), text: lines.join('\n') }
}

const read = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8')

describe('npm create sojourn', () => {
  test('with every answer as an option, it asks nothing and writes the application', async () => {
    const { code, text } = await run([join(folder, 'my-shop'), ...CHOICES])
    expect([code, text]).toEqual([0, expect.stringContaining('npm install')])
    const { name, dependencies } = JSON.parse(read('my-shop', 'package.json'))
    expect(name).toBe('my-shop')
    expect(Object.keys(dependencies)).toEqual(['@hono/node-server', 'hono', 'redis', 'sojourn', 'valibot'])
    expect(read('my-shop', 'src', 'store.js')).toContain('REDIS_URL')
    expect(read('my-shop', '.env.example')).toContain('REDIS_URL=redis://localhost:6379')
    expect(existsSync(join(folder, 'my-shop', 'tsconfig.json'))).toBe(false)
  })

  test.each([
    ['my-shop', 'my-shop', 'my_shop'],
    ['2048', '2048', 'app_2048'],
    ['a.b~c', 'a.b~c', 'a_b_c'],
    ['x'.repeat(90), 'x'.repeat(30), 'x'.repeat(30)],
  ])('%s on a shared server gets a prefix and a table of its own', async (name, prefix, table) => {
    const made: string[] = []
    for (const [store, start, end] of [
      ['redis', `prefix: '${prefix}-`, `:'`],
      ['postgres', `table: '${table}_`, `_sessions'`],
    ] as const) {
      for (const home of ['shared', 'again']) {
        const app = join(folder, home, store, name)
        await run([app, '--framework', 'node', '--store', store, '--language', 'js', '--no-install'])
        const text = readFileSync(join(app, 'src', 'store.js'), 'utf8')
        const mark = text.slice(text.indexOf(start) + start.length, text.indexOf(end))
        expect(mark).toMatch(/^[\da-f]{4}$/)
        made.push(start + mark)
      }
      expect(() => postgresStore({ url: 'postgres://localhost/app', table: `${table}_12ab_sessions` })).not.toThrow()
    }
    // Another application of the same name shares nothing with the first.
    expect(new Set(made).size).toBe(4)
  })

  test('npm run dev restarts after each change, if this Node runs the language', async () => {
    for (const [language, node, main] of [
      ['js', '20.19.0', 'src/main.js'],
      ['ts', '20.19.0', null],
      ['ts', '22.17.1', null],
      ['ts', '22.18.0', 'src/main.ts'],
      ['ts', '24.0.0', 'src/main.ts'],
    ] as const) {
      const name = `dev-${language}-${node}`
      await run([join(folder, name), ...CHOICES.map((choice) => (choice === 'js' ? language : choice))], { node })
      const { scripts } = JSON.parse(read(name, 'package.json'))
      expect(scripts.dev, name).toBe(main === null ? undefined : `node --watch ${main}`)
      expect(read(name, 'README.md').includes('npm run dev'), name).toBe(main !== null)
    }
  })

  test('an application in JavaScript speaks of no types, and one in TypeScript explains its type', async () => {
    for (const language of ['js', 'ts']) {
      const name = `types-${language}`
      await run([join(folder, name), ...CHOICES.map((choice) => (choice === 'js' ? language : choice))])
      const isTyped = language === 'ts'
      expect(/\btype/i.test(read(name, 'src', `sessions.${language}`)), language).toBe(isTyped)
      expect(read(name, 'README.md'), language).toContain('the schema of their data')
    }
  })

  test('the password of the first user is random, in .env only, readable by its owner, and out of version control', async () => {
    const passwords = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const { text } = await run([join(folder, name), ...CHOICES])
        const [, password = ''] = /^DEMO_PASSWORD=(.+)$/m.exec(read(name, '.env')) ?? []
        expect(text).toContain(password)
        for (const file of ['.env.example', 'README.md', 'package.json'])
          expect(read(name, file)).not.toContain(password)
        expect(read(name, '.gitignore').split('\n')).toContain('.env')
        if (process.platform !== 'win32') expect(statSync(join(folder, name, '.env')).mode & 0o077).toBe(0)
        return password
      }),
    )
    expect(passwords[0]).toMatch(/^[\w-]{12}$/)
    expect(passwords[0]).not.toBe(passwords[1])
  })

  test('--yes takes the first of each list, and what is given', async () => {
    expect((await run([join(folder, 'defaults'), '--yes', '--no-install', '--store', 'memory'])).code).toBe(0)
    expect(Object.keys(JSON.parse(read('defaults', 'package.json')).dependencies)).toEqual([
      'express',
      'sojourn',
      'valibot',
    ])
    expect(existsSync(join(folder, 'defaults', 'src', 'main.ts'))).toBe(true)
  })

  test('a folder that is not empty is left as it is', async () => {
    mkdirSync(join(folder, 'full'))
    writeFileSync(join(folder, 'full', 'precious.txt'), 'mine')
    const { code, text } = await run([join(folder, 'full'), ...CHOICES])
    expect([code, text]).toEqual([1, expect.stringMatching(/not empty: it has precious\.txt/)])
    expect(existsSync(join(folder, 'full', 'package.json'))).toBe(false)
    expect(read('full', 'precious.txt')).toBe('mine')
    expect((await run([join(folder, 'full', 'precious.txt'), ...CHOICES])).text).toMatch(/is not a folder/)
  })

  test('an empty folder is used', async () => {
    mkdirSync(join(folder, 'empty'))
    expect((await run([join(folder, 'empty'), ...CHOICES])).code).toBe(0)
  })

  test.each([
    [['a', 'b'], /One folder[^-]*$/],
    [['a', '--', '--framework', 'hono'], /One folder.*Leave out the second --/],
    [['app', '--framework', 'koa'], /--framework koa is unknown\. Choose one of: express, fastify, hono, node/],
    [['app', '--framwork', 'hono'], /Unknown option '--framwork'/],
    [['app'], /missing: framework, store, language, install/],
    [['a/node_modules/app', '--yes'], /is in node_modules/],
    [['what?', '--yes'], /do not allow "\?" in the name/],
  ])('%j is refused with what to do', async (args, message) => {
    expect(await run(args)).toEqual({ code: 1, text: expect.stringMatching(message) })
  })

  test.each([
    ['--framework=hono', { npm_config_framework: 'hono' }],
    ['--store', { npm_config_store: 'true' }],
    ['--no-install', { npm_config_install: '' }],
  ])('%s that npm kept, because no -- stands before it, is reported and not ignored', async (_, kept) => {
    const env = { npm_config_user_agent: 'npm/11.19.1 node/v20.20.2 linux x64', ...kept }
    const { code, text } = await run([join(folder, 'kept'), '--yes'], { env })
    expect([code, text]).toEqual([1, expect.stringMatching(/npm kept --\w+ for itself\. Write -- before the options/)])
    expect(existsSync(join(folder, 'kept'))).toBe(false)
  })

  test('a package manager that is not there is named, and what is left to do is said', async () => {
    const env = { npm_config_user_agent: 'yarn/1.22.22 npm/? node/v24.0.0 linux x64' }
    vi.stubEnv('PATH', join(folder, 'no-such-folder'))
    const { code, text } = await run([join(folder, 'no-yarn'), '--yes', '--store', 'memory'], { env })
    vi.unstubAllEnvs()
    expect(code).toBe(1)
    expect(text).toMatch(
      /yarn install\n {2}yarn start\n[\s\S]*The packages are not installed: yarn could not be started/,
    )
  })

  test('an older Node is told which version is needed', () => {
    const older = "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'18.20.8'}})"
    const bin = fileURLToPath(new URL('../dist/bin.js', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, ['--import', older, bin], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, 'create-sojourn needs Node 20.19 or later. This is Node 18.20.8.\n'])
  })

  test('--help and --version write nothing', async () => {
    expect((await run(['--help'])).text).toContain('--framework')
    expect((await run(['--version'])).text).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('a Node without SQLite gets a package for it', async () => {
    for (const [node, expected] of [
      ['20.19.0', 'better-sqlite3'],
      ['22.13.0', undefined],
    ] as const) {
      await run([join(folder, node), ...CHOICES, '--store', 'sqlite'], { node })
      const { dependencies } = JSON.parse(read(node, 'package.json'))
      expect(Object.keys(dependencies).find((name) => name === 'better-sqlite3')).toBe(expected)
    }
  })
})

test.each<[string | undefined, PackageManager, string]>([
  ['npm/11.0.0 node/v24.0.0 linux x64', 'npm', 'npm start'],
  ['pnpm/10.0.0 npm/? node/v24.0.0 linux x64', 'pnpm', 'pnpm start'],
  ['yarn/1.22.22 npm/? node/v24.0.0 linux x64', 'yarn', 'yarn start'],
  ['bun/1.4.4 npm/? node/v24.0.0 linux x64', 'bun', 'bun run start'],
  [undefined, 'npm', 'npm start'],
])('called by %s, it speaks of %s', (agent, manager, command) => {
  expect(callerOf({ npm_config_user_agent: agent })).toBe(manager)
  expect(commandFor(manager, 'start')).toBe(command)
})
