import { mkdir, readFile, writeFile } from 'node:fs/promises'

/**
 * @typedef {object} Results Everything that a run measured; the tables are made from this and from nothing else.
 * @property {string} at
 * @property {Pick<import('./settings.mjs').Settings, 'quick' | 'only' | 'minRounds' | 'maxRounds' | 'sessions' | 'visitMs'>} settings
 * @property {ReturnType<typeof import('./machine.mjs').describeMachine>} machine
 * @property {import('./fleet.mjs').Footprint[]} footprints
 * @property {(import('./races.mjs').Races & { contender: string })[]} races
 * @property {Awaited<ReturnType<typeof import('./bundle.mjs').weighBundle>>} bundle
 * @property {import('./profile/take.mjs').Profile[]} profiles Of what missed a budget.
 * @property {import('./estimates.mjs').Series[]} series
 */

const FOLDER = new URL('../results/', import.meta.url)

/** The last full run: what the README shows. */
export const LATEST = new URL('latest.json', FOLDER)
/** The last run with `--quick` or `--only`; not kept in git. */
export const PARTIAL = new URL('partial.json', FOLDER)

/** The last runs of `npm run faults`, `npm run scale`, `npm run soak`, `npm run flood` and `npm run guards`. */
export const FAULTS = new URL('faults.json', FOLDER)
export const SCALE = new URL('scale.json', FOLDER)
export const SOAK = new URL('soak.json', FOLDER)
export const FLOOD = new URL('flood.json', FOLDER)
export const GUARDS = new URL('guards.json', FOLDER)

/**
 * @param {URL} file
 * @param {unknown} results
 */
export async function writeJson(file, results) {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
}

/**
 * One series and one profile a line, so that two runs can be compared by eye.
 *
 * @param {URL} file
 * @param {Results} results
 */
export async function writeResults(file, { profiles, series, ...rest }) {
  const head = JSON.stringify(rest, null, 2).slice(0, -2)
  const list = (/** @type {string} */ name, /** @type {readonly unknown[]} */ values) =>
    `  "${name}": [${values.map((value) => `\n    ${JSON.stringify(value)}`).join(',')}\n  ]`
  await mkdir(FOLDER, { recursive: true })
  await writeFile(file, `${head},\n${list('profiles', profiles)},\n${list('series', series)}\n}\n`)
}

/** @returns {Promise<URL>} the folder for profiles; not kept in git. */
export async function prepareProfiles() {
  const folder = new URL('profiles/', FOLDER)
  await mkdir(folder, { recursive: true })
  return folder
}

/**
 * @param {URL} file
 * @returns {Promise<Results>}
 */
export async function readResults(file) {
  return JSON.parse(await readFile(file, 'utf8'))
}
