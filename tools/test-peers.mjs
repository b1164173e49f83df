/**
 * `node tools/test-peers.mjs oldest`: runs the tests of stores, buses and adapters on other versions of the peers. To choose,
 * add some: `node tools/test-peers.mjs latest stores/redis buses/redis`.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { install, isInstalled } from './install.mjs'
import { PEERS } from './peers.mjs'
import { root } from './run.mjs'

/** What meets a driver or a framework. */
const TESTS = [
  ...['lmdb', 'redis', 'redis.drivers', 'redis.cluster', 'redis.sentinel'].map((name) => `stores/${name}`),
  ...['postgres', 'mysql', 'dynamodb', 'sqlite'].map((name) => `stores/${name}`),
  ...['redis', 'redis-tracking', 'postgres'].map((name) => `buses/${name}`),
  ...['express', 'fastify', 'hono', 'koa', 'nestjs'].map((name) => `adapters/${name}.conformance`),
  'guards/device-bound',
  'live/ws',
  'live/socket-io',
  'events/telemetry',
]

/** Tests that have to miss a driver, which is installed here; or that node-redis 5.9 cannot send through their proxy. */
const CANNOT_RUN = {
  latest: ['names the package to install'],
  oldest: ['names the package to install', 'that was cut off is not counted twice'],
}

/**
 * A copy of the repository whose packages/sojourn/node_modules holds these peers: Node finds those first.
 * @param {import('./peers.mjs').Age} age
 */
function copyWith(age) {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-peers-'))
  const isSource = (/** @type {string} */ path) => !['node_modules', '.git'].includes(basename(path))
  for (const part of [
    'packages',
    'test',
    'vitest.config.ts',
    'package.json',
    'tsconfig.base.json',
    'tsconfig.package.json',
    'tsconfig.json',
  ]) {
    cpSync(join(root, part), join(folder, part), { recursive: true, filter: isSource })
  }
  cpSync(join(root, 'tools'), join(folder, 'tools'), { recursive: true, filter: isSource })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  symlinkSync(join(root, 'tools/runtimes/node_modules'), join(folder, 'tools/runtimes/node_modules'))
  symlinkSync(join(root, PEERS, age, 'node_modules'), join(folder, 'packages/sojourn/node_modules'))
  return folder
}

/**
 * Returns the exit code of the tests.
 * @param {import('./peers.mjs').Age} age
 * @param {readonly string[]} tests
 */
export function testPeers(age, tests = TESTS) {
  if (!isInstalled(join(PEERS, age))) install(join(PEERS, age))
  const folder = copyWith(age)
  console.log(`\n· tests of stores, buses and adapters on the ${age} peers`)
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const name = `^(?!.*(${CANNOT_RUN[age].join('|')}))`
    const args = [
      vitest,
      'run',
      '--testNamePattern',
      name,
      '--root',
      folder,
      '--project',
      'node',
      ...tests.map((file) => `packages/sojourn/test/${file}.test.ts`),
    ]
    return spawnSync(process.execPath, args, { cwd: folder, stdio: 'inherit' }).status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const age = process.argv[2]
  if (age !== 'oldest' && age !== 'latest') throw new Error('node tools/test-peers.mjs oldest, or latest')
  const tests = process.argv.slice(3)
  process.exitCode = testPeers(age, tests.length > 0 ? tests : TESTS)
}
