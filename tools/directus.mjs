import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { install, isInstalled } from './install.mjs'
import { root } from './run.mjs'
import { without } from './servers.mjs'

/** An application of 700 packages, 300 megabytes, that only tests of the audit need, with a lock file of its own. */
export const DIRECTUS = 'tools/directus'

/** It runs on the newer Node of the runtimes, and keeps its data in PostgreSQL, for which its driver needs no compiler. */
export const hasDirectus = !['directus', 'runtimes', 'postgres'].some((name) => without().includes(name))

export function ensureDirectus() {
  if (hasDirectus && !isInstalled(DIRECTUS)) install(DIRECTUS)
}

/** Its command; what is missing is a failure, never a reason to pass. */
export function directusPath() {
  const path = join(root, DIRECTUS, 'node_modules/directus/cli.js')
  if (!existsSync(path)) throw new Error('directus is not installed. npm test installs it.')
  return path
}
