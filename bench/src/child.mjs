import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

/**
 * @typedef {object} Child A process that answers one question at a time.
 * @property {any} hello The first thing it said.
 * @property {(question: unknown) => Promise<any>} call
 * @property {() => Promise<void>} stop
 */

/** @param {number} core */
function canPin(core) {
  return spawnSync('taskset', ['-c', String(core), process.execPath, '--version']).status === 0
}

/** Whether the servers get core 0 and the load core 1: on Linux with two cores or more. */
export const pinned = process.platform === 'linux' && cpus().length > 1 && canPin(0) && canPin(1)

/**
 * A module of this folder in a process of its own, which ends with ours.
 *
 * @param {string} file
 * @param {{ core: number, args?: readonly string[], flags?: readonly string[] }} options
 * @returns {Promise<Child>}
 */
export async function startChild(file, { core, args = [], flags = [] }) {
  const command = [process.execPath, ...flags, fileURLToPath(new URL(file, import.meta.url)), ...args]
  const [program = '', ...rest] = pinned ? ['taskset', '-c', String(core), ...command] : command
  const child = spawn(program, rest, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4000)
  })
  let stopping = false
  const ended = once(child, 'exit').then(() => {
    if (!stopping) throw new Error(`${file} ${args.join(' ')} ended by itself: ${said}`)
  })
  ended.catch(() => {})

  async function answer() {
    const [value] = /** @type {any[]} */ (await Promise.race([once(child, 'message'), ended]))
    return value
  }

  return {
    hello: await answer(),
    call(question) {
      const answered = answer()
      child.send(/** @type {any} */ (question))
      return answered
    },
    async stop() {
      stopping = true
      if (child.connected) child.disconnect()
      await ended.catch(() => {})
    },
  }
}
