import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Whether packages can be installed by name, without asking anybody. */
export function canInstall() {
  return isDebian() && process.getuid?.() === 0
}

function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/**
 * Installs Debian packages by name; what goes wrong is printed.
 * @param {readonly string[]} packages
 */
export function installPackages(packages) {
  return aptGet(['update']) && aptGet(['install', '--yes', '--no-install-recommends', ...packages])
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
