import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { canInstall, installFromBackports, installPackages } from './debian.mjs'
import { giveUp } from './run.mjs'

/**
 * @typedef {object} Server
 * @property {string} program What has to be there, by the name of the program that tests start.
 * @property {string} debian The package that brings it.
 * @property {boolean} [backports] Debian 12 has the package in its backports only.
 * @property {string} brew
 */

/**
 * The real servers that stores and adapters are tested against. Tests start them on ports and folders of their own.
 * @type {readonly Server[]}
 */
export const SERVERS = [
  { program: 'redis-server', debian: 'redis-server', brew: 'redis' },
  { program: 'valkey-server', debian: 'valkey-server', backports: true, brew: 'valkey' },
  { program: 'postgres', debian: 'postgresql', brew: 'postgresql' },
  { program: 'mariadbd', debian: 'mariadb-server', brew: 'mariadb' },
  { program: 'nats-server', debian: 'nats-server', brew: 'nats-server' },
  { program: 'nginx', debian: 'nginx-light', brew: 'nginx' },
  { program: 'haproxy', debian: 'haproxy', brew: 'haproxy' },
  { program: 'caddy', debian: 'caddy', brew: 'caddy' },
]

/** Debian keeps programs of PostgreSQL in a folder for each version, and those of servers where only root looks. */
function folders() {
  const base = '/usr/lib/postgresql'
  /** @type {string[]} */
  let versions = []
  try {
    versions = readdirSync(base).sort((a, b) => Number(b) - Number(a))
  } catch {
    // Not Debian, or no PostgreSQL.
  }
  const postgres = versions.map((version) => join(base, version, 'bin'))
  return [...postgres, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
}

/**
 * The full path of a program, or `null`.
 * @param {string} program
 */
export function findProgram(program) {
  for (const folder of folders()) {
    const path = join(folder, process.platform === 'win32' ? `${program}.exe` : program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here.
    }
  }
  return null
}

/**
 * The servers that the user excluded: `SOJOURN_TEST_WITHOUT=mariadbd,nats-server`. Their tests are skipped and reported.
 * @returns {readonly string[]}
 */
export function without() {
  return (process.env.SOJOURN_TEST_WITHOUT ?? '').split(',').filter((name) => name !== '')
}

/** Finds every server; on Debian as root it installs what is missing; elsewhere it says how to get it and ends the process. */
export function ensureServers() {
  const wanted = SERVERS.filter(({ program }) => !without().includes(program))
  const missing = wanted.filter(({ program }) => findProgram(program) === null)
  if (missing.length === 0) return
  const packages = missing.map(({ debian }) => debian)
  if (canInstall()) {
    console.log(`Installing servers for the tests (apt-get install ${packages.join(' ')}) ...`)
    if (install(missing) && missing.every(({ program }) => findProgram(program) !== null)) return
  }
  giveUp(
    [
      `The tests start real servers, and these were not found: ${missing.map(({ program }) => program).join(', ')}.`,
      `Debian: sudo apt-get install ${packages.join(' ')} (Debian 12 has valkey-server in bookworm-backports)`,
      `macOS: brew install ${missing.map(({ brew }) => brew).join(' ')}`,
      `Or leave their tests out: SOJOURN_TEST_WITHOUT=${missing.map(({ program }) => program).join(',')}`,
    ].join('\n'),
  )
}

/** @param {readonly Server[]} servers */
function install(servers) {
  const usual = servers.filter(({ backports }) => backports !== true).map(({ debian }) => debian)
  const late = servers.filter(({ backports }) => backports === true).map(({ debian }) => debian)
  return (usual.length === 0 || installPackages(usual)) && (late.length === 0 || installFromBackports(late))
}
