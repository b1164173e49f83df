import { existsSync } from 'node:fs'
import { canInstall, installPackages } from './debian.mjs'
import { giveUp } from './run.mjs'
import { without } from './servers.mjs'

/**
 * @typedef {object} Application
 * @property {string} name
 * @property {readonly string[]} debian The packages that bring it.
 * @property {readonly string[]} files All of them are there when it is.
 */

/**
 * Real applications that the audit is tested against. Tests start them with folders and ports of their own.
 * @type {readonly Application[]}
 */
export const APPLICATIONS = [
  {
    name: 'dokuwiki',
    debian: ['dokuwiki', 'php-cli', 'php-xml'],
    files: ['/usr/share/dokuwiki/doku.php', '/usr/bin/php'],
  },
  {
    name: 'shaarli',
    // With php-cgi it needs no Apache.
    debian: ['shaarli', 'php-cgi', 'php-cli'],
    files: ['/usr/share/shaarli/index.php', '/usr/bin/php'],
  },
  {
    name: 'django',
    debian: ['python3-django'],
    files: ['/usr/lib/python3/dist-packages/django/__init__.py', '/usr/bin/python3'],
  },
]

/** Finds every application; on Debian as root it installs what is missing; elsewhere it says how to get it and ends the process. */
export function ensureApplications() {
  const missing = APPLICATIONS.filter(
    ({ name, files }) => !without().includes(name) && !files.every((file) => existsSync(file)),
  )
  if (missing.length === 0) return
  const packages = missing.flatMap(({ debian }) => debian)
  if (canInstall()) {
    console.log(`Installing applications for the tests of the audit (apt-get install ${packages.join(' ')}) ...`)
    if (installPackages(packages) && missing.every(({ files }) => files.every((file) => existsSync(file)))) return
  }
  const names = missing.map(({ name }) => name).join(',')
  giveUp(
    [
      `The audit is tested on real applications, and these were not found: ${names}.`,
      `Debian: sudo apt-get install ${packages.join(' ')}`,
      `Elsewhere leave their tests out: SOJOURN_TEST_WITHOUT=${names}`,
    ].join('\n'),
  )
}
