import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './machine.mjs'
import { updateSection } from './readme.mjs'
import { SCALE, writeJson } from './results.mjs'
import { measureStore } from './scale/measure.mjs'
import { weighPeers } from './scale/peers.mjs'
import { stores } from './scale/stores.mjs'
import { renderScale } from './scale/table.mjs'

/** `npm run scale`: what it is like with 10,000, 100,000 and a million sessions. `--quick`: a hundredth; `--only redis`. */
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } })
const { quick, only } = values

/** @param {string} text */
const say = (text) => void process.stderr.write(`${text}\n`)

const totals = [10_000, 100_000, 1_000_000].map((total) => (quick ? total / 100 : total))
const root = mkdtempSync(join(tmpdir(), 'sojourn-scale-'))
process.once('exit', () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const at = new Date().toISOString()
const rows = []
for (const [name, open] of Object.entries(stores)) {
  if (only !== undefined && only !== name) continue
  const place = await open(root)
  try {
    rows.push(...(await measureStore(place, totals, say)))
  } finally {
    await place.close()
  }
}
say('other libraries')
const results = { at, machine: describeMachine(), rows, peers: await weighPeers(root, totals[1] ?? 0) }
if (!quick && only === undefined) {
  await writeJson(SCALE, results)
  await updateSection('scale', renderScale(results))
}
console.log(renderScale(results))
