import { budgetsOf, outcomeOf } from './budgets.mjs'
import { startChild } from './child.mjs'
import { estimate } from './estimates.mjs'
import { seed, startMember } from './fleet.mjs'
import { summarizeProfile, takeProfiles } from './profile/take.mjs'
import { race } from './races.mjs'
import { runRounds } from './rounds.mjs'
import { SCENARIOS } from './settings.mjs'

/**
 * @typedef {object} Measured Everything about the contenders of one framework.
 * @property {import('./fleet.mjs').Footprint[]} footprints
 * @property {(import('./races.mjs').Races & { contender: string })[]} races
 * @property {import('./estimates.mjs').Series[]} series
 * @property {import('./profile/take.mjs').Profile[]} profiles
 *
 * @typedef {object} Place
 * @property {string} root
 * @property {import('./fleet.mjs').Urls} urls
 * @property {import('./settings.mjs').Settings} settings
 * @property {(text: string) => void} say
 *
 * @typedef {import('./fleet.mjs').Member} Member
 * @typedef {import('./settings.mjs').Scenario} Scenario
 */

/**
 * Starts all contenders of one framework, measures them side by side, and stops them.
 *
 * @param {readonly import('./contenders.mjs').Contender[]} contenders
 * @param {Place} place
 * @returns {Promise<Measured>}
 */
export async function measureFramework(contenders, place) {
  const load = await startChild('load.mjs', { core: 1 })
  /** @type {Member[]} */
  const fleet = []
  /** @type {Measured} */
  const measured = { footprints: [], races: [], series: [], profiles: [] }
  try {
    for (const contender of contenders) fleet.push(await bringUp(load, contender, place, measured))
    for (const scenario of SCENARIOS) {
      place.say(`${contenders[0]?.framework}: ${scenario}, in rounds`)
      measured.series.push(...(await runRounds(load, fleet, scenario, place.settings)))
    }
    // After all rounds, because the engine may compile differently once it was profiled.
    measured.profiles.push(...(await profileMissed(load, fleet, measured.series, place)))
    return measured
  } finally {
    await Promise.all([load.stop(), ...fleet.map(({ server }) => server.stop())])
  }
}

/**
 * @param {import('./child.mjs').Child} load
 * @param {import('./contenders.mjs').Contender} contender
 * @param {Place} place
 * @param {Measured} measured What is found out on the way is added to it.
 * @returns {Promise<Member>}
 */
async function bringUp(load, contender, { root, urls, settings, say }, measured) {
  const { name, kind } = contender
  say(`${name}: start, check${kind === 'bare' ? '' : ', store sessions'}`)
  const member = await startMember(contender, root, urls)
  try {
    const footprint = await seed(load, member, settings.sessions)
    if (kind !== 'bare') measured.footprints.push(footprint)
    if (kind === 'sojourn' || kind === 'peer') measured.races.push({ contender: name, ...(await race(member)) })
    return member
  } catch (error) {
    await member.server.stop()
    throw error
  }
}

/**
 * Of our contenders that miss a budget, and of the bare server that they are compared with.
 *
 * @param {import('./child.mjs').Child} load
 * @param {readonly Member[]} fleet
 * @param {Measured['series']} series
 * @param {Place} place
 * @returns {Promise<Measured['profiles']>}
 */
async function profileMissed(load, fleet, series, { settings, say }) {
  const profiles = []
  for (const scenario of SCENARIOS) {
    const missing = missingNames(series, scenario)
    const members = fleet.filter(
      ({ contender }) => missing.has(contender.name) || (missing.size > 0 && contender.kind === 'bare'),
    )
    for (const member of members) {
      const { name } = member.contender
      say(`${name}: ${scenario}, profile`)
      const raw = await takeProfiles(load, member, scenario, settings.profileMs)
      profiles.push(summarizeProfile(name, scenario, raw))
    }
  }
  return profiles
}

/**
 * @param {Measured['series']} series
 * @param {Scenario} scenario
 * @returns {Set<string>}
 */
function missingNames(series, scenario) {
  const estimates = [...estimate(series.filter((each) => each.scenario === scenario)).values()]
  const missing = estimates.filter((each) => budgetsOf(each, scenario).some((budget) => outcomeOf(budget) !== 'met'))
  return new Set(missing.map(({ contender }) => contender.name))
}
