import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withRetries } from './run.mjs'

/** Whether packages can be installed by name, without asking anybody. */
export function canInstall() {
  return /^ID=debian$/m.test(osRelease()) && process.getuid?.() === 0
}

function osRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return ''
  }
}

/**
 * Installs Debian packages by name; what goes wrong is printed.
 * @param {readonly string[]} packages
 */
export function installPackages(packages) {
  return withRetries(() => aptGet(['update']) && aptGet(install(packages)))
}

/**
 * The same for packages that may be in the backports of this Debian only. The machine's own sources, with the backports
 * beside each, are read from a folder of their own, so the machine's settings stay as they are.
 * @param {readonly string[]} packages
 */
export function installFromBackports(packages) {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-apt-'))
  try {
    const [parts, lists] = [join(folder, 'parts'), join(folder, 'lists')]
    mkdirSync(parts)
    mkdirSync(join(lists, 'partial'), { recursive: true })
    for (const { name, text } of sources()) writeFileSync(join(parts, name), withBackports(text))
    const settings = [`SourceList=/dev/null`, `SourceParts=${parts}`].map((setting) => `Dir::Etc::${setting}`)
    const options = [...settings, `Dir::State::Lists=${lists}`, 'Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache=']
    const flags = ['APT::Sandbox::User=root', ...options].flatMap((option) => ['-o', option])
    return withRetries(() => aptGet([...flags, 'update']) && aptGet([...flags, ...install(packages)]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The files that say where this machine gets its packages from. */
function sources() {
  const folder = '/etc/apt/sources.list.d'
  const files = readdirSync(folder).filter((name) => /\.(?:list|sources)$/.test(name))
  const found = files.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
  try {
    return [...found, { name: 'machine.list', text: readFileSync('/etc/apt/sources.list', 'utf8') }]
  } catch {
    return found
  }
}

/**
 * Wherever the release is named, its backports too: `Suites: bookworm`, or a line `deb <address> bookworm main`.
 * @param {string} text
 */
function withBackports(text) {
  const [, release = 'stable'] = /^VERSION_CODENAME=(\S+)$/m.exec(osRelease()) ?? []
  const stanza = new RegExp(`^Suites:(.*\\s)?${release}(?=\\s|$)(?!.*-backports)`, 'gm')
  const line = new RegExp(`^(deb .*\\s)${release}(\\s.*)$`, 'gm')
  return text.replace(stanza, `$& ${release}-backports`).replace(line, `$&\n$1${release}-backports$2`)
}

/** @param {readonly string[]} packages */
function install(packages) {
  return ['install', '--yes', '--no-install-recommends', ...packages]
}

/** @param {readonly string[]} args */
function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    env,
    encoding: 'utf8',
  })
  if (status !== 0) console.error(`apt-get ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return status === 0
}
