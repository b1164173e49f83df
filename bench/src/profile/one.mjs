import { writeFile } from 'node:fs/promises'
import { startChild } from '../child.mjs'
import { contenderNamed } from '../contenders.mjs'
import { startDatabases } from '../databases.mjs'
import { seed, startMember } from '../fleet.mjs'
import { prepareProfiles } from '../results.mjs'
import { compareTables } from './table.mjs'
import { takeProfiles } from './take.mjs'

/** Longer than in a full run, so that single functions stand out. */
const TIMES_LONGER = 5

/**
 * Profiles one contender and the bare server of its framework, each alone under load. Writes what Chrome's developer tools and
 * VS Code open.
 *
 * @param {{ contender: string, scenario: import('../settings.mjs').Scenario }} what
 * @param {import('../settings.mjs').Settings} settings
 * @param {string} root An empty folder.
 * @returns {Promise<string>} Markdown.
 */
export async function profileOne({ contender: name, scenario }, settings, root) {
  const contender = contenderNamed(name)
  const bare = contenderNamed(`${contender.framework}-bare`)
  const load = await startChild('load.mjs', { core: 1 })
  const databases = await startDatabases(root, [contender])
  const folder = await prepareProfiles()
  /** @type {(of: import('../contenders.mjs').Contender) => Promise<import('./take.mjs').RawProfile>} */
  const profile = async (of) => {
    const member = await startMember(of, root, databases.urls)
    try {
      await seed(load, member, settings.sessions)
      return await takeProfiles(load, member, scenario, settings.profileMs * TIMES_LONGER)
    } finally {
      await member.server.stop()
    }
  }
  try {
    const own = await profile(contender)
    const of = { own, bare: contender === bare ? own : await profile(bare) }
    const file = (/** @type {string} */ ending) => new URL(`${name}-${scenario}.${ending}`, folder)
    await writeFile(file('cpuprofile'), JSON.stringify(of.own.cpu))
    await writeFile(file('heapprofile'), JSON.stringify(of.own.heap))
    return `${compareTables(`${name}, ${scenario}`, of)}\n\nWritten: ${file('cpuprofile').pathname}, ${file('heapprofile').pathname}`
  } finally {
    await Promise.all([load.stop(), databases.stop()])
  }
}
