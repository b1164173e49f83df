import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { install, isInstalled } from './install.mjs'
import { root } from './run.mjs'
import { without } from './servers.mjs'

/** Half a gigabyte that only tests need, with a lock file of its own. */
export const RUNTIMES = 'tools/runtimes'

/** `SOJOURN_TEST_WITHOUT=runtimes` leaves out what is tested on other runtimes. */
export const hasRuntimes = !without().includes('runtimes')

/** Installs the runtimes that stores are tested on beside this Node: Workers, Bun, a newer Node. */
export function ensureRuntimes() {
  if (hasRuntimes && !isInstalled(RUNTIMES)) install(RUNTIMES)
}

/**
 * The path of something in there; what is missing is a failure, never a reason to pass.
 * @param {'node/bin/node' | 'bun/bin/bun.exe' | 'miniflare' | 'better-sqlite3'} name
 */
export function runtimePath(name) {
  const path = join(root, RUNTIMES, 'node_modules', name)
  if (!existsSync(path)) throw new Error(`${name} is not installed. npm test installs it.`)
  return path
}
