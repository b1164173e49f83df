/**
 * Builds the documentation site into `site/dist`: `npm run docs`. `npm run docs -- --open 4173` also serves it.
 * The pages are the documents of the repository; the reference of the API is made from docstrings.
 */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeApi } from './docs/api.mjs'
import { faultsOfSite } from './docs/faults.mjs'
import { pagesOfSite, toSiteText } from './docs/pages.mjs'
import { faultsOfSearch } from './docs/search.mjs'
import { root, runNode } from './run.mjs'

const SITE = join(root, 'site')
const CONTENT = join(SITE, 'content')
export const DIST = join(SITE, 'dist')

/** Builds the site, and returns what is wrong with it. */
export async function buildSite() {
  rmSync(CONTENT, { recursive: true, force: true })
  rmSync(DIST, { recursive: true, force: true })
  cpSync(join(SITE, 'pages'), CONTENT, { recursive: true })
  const missing = writeDocuments()
  await writeApi(join(CONTENT, 'api'))
  if (runNode('node_modules/vitepress/bin/vitepress.js', ['build', 'site']) !== 0) return ['see above']
  return [...missing, ...faultsOfSite(DIST), ...(await faultsOfSearch(DIST))]
}

/** Returns links to files that are not there. */
function writeDocuments() {
  const pages = pagesOfSite()
  /** @type {Map<string, string>} */
  const attached = new Map()
  for (const [file, page] of pages) {
    write(
      page,
      toSiteText(file, pages, (other) => attached.set(other, file)),
    )
  }
  const isThere = (/** @type {string} */ file) => existsSync(join(root, file))
  for (const file of [...attached.keys()].filter(isThere)) {
    const copy = join(CONTENT, 'public/files', `${file}.txt`)
    mkdirSync(dirname(copy), { recursive: true })
    cpSync(join(root, file), copy)
  }
  return [...attached]
    .filter(([file]) => !isThere(file))
    .map(([file, by]) => `${by} links to ${file}, which is not there`)
}

/**
 * @param {string} page
 * @param {string} text
 */
function write(page, text) {
  mkdirSync(dirname(join(CONTENT, page)), { recursive: true })
  writeFileSync(join(CONTENT, page), text)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const faults = await buildSite()
  for (const fault of faults) console.error(`✗ ${fault}`)
  process.exitCode = faults.length === 0 ? 0 : 1
  const at = process.argv.indexOf('--open')
  if (at !== -1)
    runNode('node_modules/vitepress/bin/vitepress.js', ['preview', 'site', '--port', process.argv[at + 1] ?? '4173'])
}
