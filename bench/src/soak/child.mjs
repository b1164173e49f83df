import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { soak } from './measure.mjs'
import { leaks, targets } from './targets.mjs'

/** One target in a process that does nothing else. Prints what came of it, as JSON. */
const { values } = parseArgs({
  options: {
    target: { type: 'string', default: '' },
    'per-round': { type: 'string', default: '300' },
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '60' },
  },
})
const target = targets[values.target] ?? leaks[values.target]
if (target === undefined) throw new Error(`No target '${values.target}'.`)

const folder = mkdtempSync(join(tmpdir(), 'sojourn-soak-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const endsAt = performance.now() + Number(values.seconds) * 1000
const rounds = values.rounds === undefined ? null : Number(values.rounds)
const result = await soak(values.target, target, {
  perRound: Number(values['per-round']),
  folder,
  // Three points are the least that show a slope.
  isOver: (done) => (rounds === null ? done >= 3 && performance.now() >= endsAt : done >= rounds),
})
console.log(JSON.stringify(result))
