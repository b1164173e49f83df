import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Runs a script with this Node, shows its output, and returns its exit code. It uses no shell, so that it works the same on
 * Windows.
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {number}
 */
export function runNode(script, args) {
  const { status, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
  if (error !== undefined) throw error
  return status ?? 1
}

/**
 * Tries what needs the network again when it failed: one lost connection to a registry once failed a whole run.
 * @param {() => boolean} attempt
 */
export function withRetries(attempt) {
  if (attempt()) return true
  return [5, 20, 60].some((seconds) => {
    console.error(`That failed. The next attempt starts in ${seconds} seconds.`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)
    return attempt()
  })
}

/**
 * Ends the process with a message for a human, when there is nothing sensible left to do.
 * @param {string} message
 * @returns {never}
 */
export function giveUp(message) {
  console.error(`\n${message}\n`)
  process.exit(1)
}
