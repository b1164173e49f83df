import { parseArgs } from 'node:util'
import { startChild } from './child.mjs'
import { renderGuards } from './guards/table.mjs'
import { targets } from './guards/targets.mjs'
import { describeMachine } from './machine.mjs'
import { updateSection } from './readme.mjs'
import { GUARDS, writeJson } from './results.mjs'
import { SCENARIOS } from './settings.mjs'
import { createRandom, shuffle } from './statistics.mjs'

/** `npm run guards`: what each guard adds to a request. `--rounds 3` for fewer rounds; then no figures are written. */
const FULL = 40
const SESSIONS = 2_000
/** For each, about 50 ms of CPU. New sessions stay in memory. */
const REQUESTS = { read: 10_000, write: 3_000, new: 1_000 }
const WARM_UPS = 5
const { values } = parseArgs({ options: { rounds: { type: 'string', default: String(FULL) } } })
const rounds = Number(values.rounds)
if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error('--rounds must be a whole number from 1.')

const children = new Map()
/** @type {import('./guards/table.mjs').GuardCosts['costs']} */
const costs = {}
for (const name of Object.keys(targets)) {
  children.set(name, await startChild('guards/child.mjs', { core: 0, args: [name, String(SESSIONS)] }))
  costs[name] = { read: [], write: [], new: [] }
}
const random = createRandom()
for (const scenario of SCENARIOS) {
  process.stderr.write(`${scenario}\n`)
  const job = { scenario, requests: REQUESTS[scenario] }
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const [name, child] of shuffle([...children], random)) {
      const cpuUs = await child.call(job)
      if (round >= 0) costs[name]?.[scenario].push(Number((cpuUs / job.requests).toFixed(3)))
    }
  }
}
await Promise.all(Array.from(children.values(), (child) => child.stop()))
const measured = { at: new Date().toISOString(), machine: describeMachine(), costs }
if (rounds >= FULL) {
  await writeJson(GUARDS, measured)
  await updateSection('guards', renderGuards(measured))
}
console.log(renderGuards(measured))
