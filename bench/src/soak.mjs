import { parseArgs } from 'node:util'
import { describeMachine } from './machine.mjs'
import { updateSection } from './readme.mjs'
import { SOAK, writeJson } from './results.mjs'
import { isFlat } from './soak/measure.mjs'
import { soakApart } from './soak/run.mjs'
import { renderSoak } from './soak/table.mjs'
import { targets } from './soak/targets.mjs'

/**
 * `npm run soak`: whether memory stays bounded while sessions come and go. `--minutes 30` for all together, at least 10 for
 * the figures to be written; `--only lmdb` for what has that in its name.
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '12' }, only: { type: 'string', default: '' } },
})
const minutes = Number(values.minutes)
const names = Object.keys(targets).filter((name) => name.includes(values.only))
if (!(minutes > 0) || names.length === 0)
  throw new Error('--minutes needs a number above zero, --only a part of a name.')

const at = new Date().toISOString()
const startedAt = performance.now()
const rows = []
for (const name of names) {
  const row = await soakApart(name, { perRound: 300, seconds: (minutes * 60) / names.length })
  process.stderr.write(`${name}: ${row.sessions} sessions, ${row.slope.toFixed(1)} bytes each\n`)
  rows.push(row)
}
const soaked = { at, machine: describeMachine(), minutes: (performance.now() - startedAt) / 60_000, rows }
if (values.only === '' && minutes >= 10) {
  await writeJson(SOAK, soaked)
  await updateSection('soak', renderSoak(soaked))
}
console.log(renderSoak(soaked))
if (!rows.every(isFlat)) process.exitCode = 1
