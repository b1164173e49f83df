import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { renderFlood } from './flood/table.mjs'
import { targets } from './flood/targets.mjs'
import { describeMachine } from './machine.mjs'
import { updateSection } from './readme.mjs'
import { FLOOD, writeJson } from './results.mjs'

/**
 * `npm run flood`: a million forged tokens, and what they cost. `--tokens 10000` for fewer; then no figures are written. Fails if
 * the flood reached the store although `keys` are set, or if the heap grew with it.
 */
const MILLION = 1_000_000
const { values } = parseArgs({ options: { tokens: { type: 'string', default: String(MILLION) } } })
const tokens = Number(values.tokens)
if (!(tokens >= 1000)) throw new Error('--tokens needs a number from 1000.')

const CHILD = fileURLToPath(new URL('flood/child.mjs', import.meta.url))
const at = new Date().toISOString()
/** @type {import('./flood/measure.mjs').Flooded[]} */
const rows = []
for (const name of Object.keys(targets)) {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CHILD, name, String(tokens)])
  rows.push(JSON.parse(stdout))
  process.stderr.write(`${name}: done\n`)
}
const flooded = { at, machine: describeMachine(), rows }
if (tokens >= MILLION) {
  await writeJson(FLOOD, flooded)
  await updateSection('flood', renderFlood(flooded))
}
console.log(renderFlood(flooded))
const reached = rows.some(({ target, reads }) => targets[target]?.keys === true && reads > 0)
const grew = rows.some(({ heapBytes }) => heapBytes / tokens > 10)
if (reached || (grew && tokens >= MILLION)) process.exitCode = 1
