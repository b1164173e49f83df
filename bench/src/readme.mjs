import { readFile, writeFile } from 'node:fs/promises'
import { render } from './tables.mjs'

export const README = new URL('../README.md', import.meta.url)
const BEGIN = '<!-- figures: written by npm run bench, do not edit -->'
const END = '<!-- end of figures -->'

/**
 * Puts the figures between the markers.
 *
 * @param {string} text
 * @param {import('./results.mjs').Results} results
 */
export function fillIn(text, results) {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('bench/README.md has lost its markers.')
  return `${text.slice(0, begin)}${BEGIN}\n\n${render(results)}\n\n${text.slice(end)}`
}

/** @param {import('./results.mjs').Results} results */
export async function updateReadme(results) {
  await writeFile(README, fillIn(await readFile(README, 'utf8'), results))
}
