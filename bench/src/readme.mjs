import { readFile, writeFile } from 'node:fs/promises'
import { render } from './tables.mjs'

export const README = new URL('../README.md', import.meta.url)

/** Which command writes what stands between which markers. */
const SECTIONS = {
  figures: 'npm run bench',
  faults: 'npm run faults',
  scale: 'npm run scale',
  soak: 'npm run soak',
  flood: 'npm run flood',
  guards: 'npm run guards',
}

/** @typedef {keyof typeof SECTIONS} Section */

/**
 * Puts the text between the markers of this section.
 *
 * @param {string} text
 * @param {Section} section
 * @param {string} content
 */
export function fillSection(text, section, content) {
  const begin = `<!-- ${section}: written by ${SECTIONS[section]}, do not edit -->`
  const end = `<!-- end of ${section} -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`bench/README.md has lost its markers of ${section}.`)
  return `${text.slice(0, from)}${begin}\n\n${content}\n\n${text.slice(to)}`
}

/**
 * @param {Section} section
 * @param {string} content
 */
export async function updateSection(section, content) {
  await writeFile(README, fillSection(await readFile(README, 'utf8'), section, content))
}

/**
 * @param {string} text
 * @param {import('./results.mjs').Results} results
 */
export function fillIn(text, results) {
  return fillSection(text, 'figures', render(results))
}

/** @param {import('./results.mjs').Results} results */
export function updateReadme(results) {
  return updateSection('figures', render(results))
}
