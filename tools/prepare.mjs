/**
 * npm runs this before `start`, `test` and the other scripts. It uses only Node's own modules until the packages are installed.
 * `--no-build`: does not build. `--tests`: also installs what tests start: Chromium, servers, runtimes, applications.
 */
import { ensureApplications } from './applications.mjs'
import { ensureChromium } from './chromium.mjs'
import { ensureDirectus } from './directus.mjs'
import { install, isInstalled } from './install.mjs'
import { giveUp } from './run.mjs'
import { ensureRuntimes } from './runtimes.mjs'
import { ensureServers } from './servers.mjs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  giveUp(`Node 20.19 or later is needed; this is ${process.versions.node}. Get it from https://nodejs.org`)
}
if (!isInstalled()) install()
if (process.argv.includes('--tests')) {
  ensureChromium()
  ensureServers()
  ensureRuntimes()
  ensureApplications()
  ensureDirectus()
}
if (!process.argv.includes('--no-build')) {
  const { build } = await import('./build.mjs')
  if (build() !== 0) giveUp('The build failed, see above.')
}
