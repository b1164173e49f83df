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

/**
 * @returns {() => number} the share of time since, over all cores, in which the host of this virtual machine ran something else.
 *   0 where the system does not say.
 */
export function createStealMeter() {
  const began = ticks()
  return () => {
    const now = ticks()
    const all = now.all - began.all
    return all > 0 ? (now.steal - began.steal) / all : 0
  }
}

/** What Linux counts in the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal. */
function ticks() {
  const line = process.platform === 'linux' ? (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '') : ''
  const counts = line.split(/\s+/).slice(1, 9).map(Number)
  return { all: counts.reduce((sum, count) => sum + count, 0), steal: counts[7] ?? 0 }
}
