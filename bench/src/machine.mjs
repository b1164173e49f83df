import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { pinned } from './child.mjs'

const BENCH = new URL('../', import.meta.url)

/** @param {string} name @returns {string} the version that is installed. */
function versionOf(name) {
  const found = [`node_modules/${name}/package.json`, `../node_modules/${name}/package.json`]
    .map((path) => new URL(path, BENCH))
    .find((url) => existsSync(url))
  return found === undefined ? 'absent' : JSON.parse(readFileSync(found, 'utf8')).version
}

/** @param {string[]} args */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: BENCH, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

/** What the figures depend on beside the code that is measured. */
export function describeMachine() {
  const manifest = JSON.parse(readFileSync(new URL('package.json', BENCH), 'utf8'))
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    (name) => !name.startsWith('@types/'),
  )
  return {
    commit: git('rev-parse', '--short', 'HEAD') ?? 'unknown',
    changed: git('status', '--porcelain', '--', '../packages/sojourn/src', 'src') !== '',
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    pinned,
    versions: Object.fromEntries(names.sort().map((name) => [name, versionOf(name)])),
  }
}
