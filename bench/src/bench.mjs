import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { weighBundle } from './bundle.mjs'
import { startChild } from './child.mjs'
import { select } from './contenders.mjs'
import { startDatabases } from './databases.mjs'
import { seed, startMember } from './fleet.mjs'
import { describeMachine } from './machine.mjs'
import { race } from './races.mjs'
import { updateReadme } from './readme.mjs'
import { LATEST, PARTIAL, readResults, writeResults } from './results.mjs'
import { runRounds } from './rounds.mjs'
import { settingsOf } from './settings.mjs'
import { render } from './tables.mjs'

/** @param {string} text Progress: beside the tables, so that those can be piped. */
function say(text) {
  process.stderr.write(`${text}\n`)
}

/** A folder for what the stores write, gone when this process is, interrupted or not. The servers end with it by themselves. */
function createFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  return folder
}

/**
 * @param {import('./settings.mjs').Settings} settings
 * @returns {Promise<import('./results.mjs').Results>}
 */
async function measureAll(settings) {
  const { quick, only, rounds, sessions, ms } = settings
  const at = new Date().toISOString()
  const root = createFolder()
  const chosen = select(only)
  const load = await startChild('load.mjs', { core: 1 })
  const databases = await startDatabases(root, chosen)
  /** @type {import('./fleet.mjs').Member[]} */
  const fleet = []
  const footprints = []
  const races = []
  try {
    for (const contender of chosen) {
      say(`${contender.name}: start, check${contender.kind === 'bare' ? '' : ', store sessions'}`)
      const member = await startMember(contender, root, databases.urls)
      fleet.push(member)
      const footprint = await seed(load, member, sessions)
      if (contender.kind !== 'bare') footprints.push(footprint)
    }
    for (const member of fleet) {
      const { name, kind } = member.contender
      if (kind !== 'sojourn' && kind !== 'peer') continue
      say(`${name}: races`)
      races.push({ contender: name, ...(await race(member)) })
    }
    const rows = await runRounds(load, fleet, settings, say)
    const bundle = await weighBundle()
    return {
      at,
      settings: { quick, only, rounds, sessions, ms },
      machine: describeMachine(),
      footprints,
      races,
      bundle,
      rows,
    }
  } finally {
    await Promise.all(fleet.map(({ server }) => server.stop()))
    await Promise.all([load.stop(), databases.stop()])
  }
}

const settings = settingsOf(process.argv.slice(2))
if (settings.render) {
  await updateReadme(await readResults(LATEST))
} else {
  const results = await measureAll(settings)
  const full = !settings.quick && settings.only === null
  await writeResults(full ? LATEST : PARTIAL, results)
  if (full) await updateReadme(results)
  console.log(render(results))
}
