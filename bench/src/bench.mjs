import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { weighBundle } from './bundle.mjs'
import { FRAMEWORKS, select } from './contenders.mjs'
import { startDatabases } from './databases.mjs'
import { measureFramework } from './framework.mjs'
import { describeMachine } from './machine.mjs'
import { profileOne } from './profile/one.mjs'
import { updateReadme } from './readme.mjs'
import { LATEST, PARTIAL, readResults, writeResults } from './results.mjs'
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
  const { quick, only, minRounds, maxRounds, sessions, visitMs } = settings
  const at = new Date().toISOString()
  const root = createFolder()
  const chosen = select(only)
  const databases = await startDatabases(root, chosen)
  const place = { root, urls: databases.urls, settings, say }
  /** @type {import('./framework.mjs').Measured[]} */
  const measured = []
  try {
    for (const framework of FRAMEWORKS) {
      const contenders = chosen.filter((contender) => contender.framework === framework)
      if (contenders.length > 0) measured.push(await measureFramework(contenders, place))
    }
    return {
      at,
      settings: { quick, only, minRounds, maxRounds, sessions, visitMs },
      machine: describeMachine(),
      footprints: measured.flatMap(({ footprints }) => footprints),
      races: measured.flatMap(({ races }) => races),
      bundle: await weighBundle(),
      profiles: measured.flatMap(({ profiles }) => profiles),
      series: measured.flatMap(({ series }) => series),
    }
  } finally {
    await databases.stop()
  }
}

const settings = settingsOf(process.argv.slice(2))
if (settings.render) {
  await updateReadme(await readResults(LATEST))
} else if (settings.profile !== null) {
  console.log(await profileOne(settings.profile, settings, createFolder()))
} else {
  const results = await measureAll(settings)
  const full = !settings.quick && settings.only === null
  await writeResults(full ? LATEST : PARTIAL, results)
  if (full) await updateReadme(results)
  console.log(render(results))
}
