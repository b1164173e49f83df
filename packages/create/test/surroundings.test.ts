import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { main } from '../src/main.ts'

const home = mkdtempSync(join(tmpdir(), 'sojourn-create-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function create(folder: string, ...flags: string[]): Promise<string> {
  const args = [join(home, folder), '--yes', '--no-install', '--language', 'js', ...flags]
  const io = { terminal: null, env: {}, node: '24.0.0', out: () => {}, error: () => {} }
  expect(await main(args, io)).toBe(0)
  return join(home, folder)
}

test.each([
  ['redis', /prefix: '(sojourn-app-[0-9a-f]{4}:)'/],
  ['postgres', /table: '(sojourn_app_[0-9a-f]{4}_sessions)'/],
])('two applications of one name share no sessions in one %s', async (store, place) => {
  const folders = [
    await create(`one/${store}/sojourn-app`, '--store', store),
    await create(`two/${store}/sojourn-app`, '--store', store),
  ]
  const places = folders.map((folder) => place.exec(readFileSync(join(folder, 'src/store.js'), 'utf8'))?.[1])
  expect(places).toEqual([expect.any(String), expect.any(String)])
  expect(places[0]).not.toBe(places[1])
})

test.skipIf(process.platform === 'win32')(
  'where NODE_ENV is production, TypeScript and the tests are installed all the same',
  async () => {
    // npm itself says what it would leave out. The packages are not on a registry here.
    const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
    const bin = mkdtempSync(join(home, 'bin-'))
    writeFileSync(join(bin, 'npm'), `#!/bin/sh\n'${npm}' config get omit include > omitted.txt\n`, { mode: 0o755 })
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`)
    vi.stubEnv('NODE_ENV', 'production')
    vi.stubEnv('npm_config_omit', 'dev')
    const folder = join(home, 'production')
    const io = { terminal: null, env: {}, node: '24.0.0', out: () => {}, error: () => {} }
    expect(await main([folder, '--yes', '--store', 'memory', '--language', 'ts'], io)).toBe(0)
    vi.unstubAllEnvs()
    expect(readFileSync(join(folder, 'omitted.txt'), 'utf8')).toMatch(/^omit=$/m)
  },
)

test.each([
  ['memory', '20.19', '20.18.3'],
  ['memory', '20.19', '18.20.8'],
  ['sqlite', '22.13', '22.12.0'],
])('an application with %s needs Node %s, and says so on %s before anything else', async (store, needed, version) => {
  const folder = await create(`old/${store}-${version}`, '--store', store)
  const versions = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(versions)}`, 'src/main.js']
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  expect([status, stderr]).toEqual([1, `This application needs Node ${needed} or later. This is Node ${version}.\n`])
})
