import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))

/**
 * Soaks one target in a process of its own, whose heap holds nothing else.
 *
 * @param {string} target
 * @param {{ perRound: number, rounds: number } | { perRound: number, seconds: number }} how
 * @returns {Promise<import('./measure.mjs').Soaked>}
 */
export async function soakApart(target, { perRound, ...until }) {
  const [[name, value]] = /** @type {[[string, number]]} */ (Object.entries(until))
  // Without compiled code, which comes and goes, the heap is as heavy from one round to the next.
  const args = ['--jitless', CHILD, '--target', target, '--per-round', String(perRound), `--${name}`, String(value)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}
