/** How the site's search ranks pages, and what it must find first. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import MiniSearch from 'minisearch'

/** For VitePress. Decisions, changes, standards and the API weigh less than the pages that people look for. */
export const searchOptions = {
  boostDocument: (/** @type {string} */ id) => (/^\/(api|conformance|decisions|changelog)/.test(id) ? 0.3 : 1),
}

/** What VitePress itself sets. */
const DEFAULTS = {
  fields: ['title', 'titles', 'text'],
  storeFields: ['title', 'titles'],
  searchOptions: { fuzzy: 0.2, prefix: true, boost: { title: 4, text: 2, titles: 1 }, ...searchOptions },
}

/** @type {readonly (readonly [query: string, page: string])[]} */
const EXPECTED = [
  ['csrf', '/how-to/protect-forms'],
  ['logout everywhere', '/guide/first-app'],
  ['trust proxy', '/how-to/run-behind-a-proxy'],
]

/**
 * The questions that lead to another page than the expected one.
 * @param {string} dist
 */
export async function faultsOfSearch(dist) {
  const folder = join(dist, 'assets/chunks')
  const file = readdirSync(folder).find((name) => name.startsWith('@localSearchIndexroot'))
  if (file === undefined) return ['the site has no index for its search']
  const { default: index } = await import(pathToFileURL(join(folder, file)).href)
  const search = MiniSearch.loadJSON(index, DEFAULTS)
  return EXPECTED.flatMap(([query, page]) => {
    const [first] = search.search(query)
    return first?.id.split('#')[0] === page ? [] : [`the search for "${query}" finds ${first?.id} first, not ${page}`]
  })
}
