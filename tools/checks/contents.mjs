import { posix } from 'node:path'

/** @typedef {Pick<import('@arethetypeswrong/core').Package, 'packageName' | 'listFiles' | 'readFile'>} Contents */

/** Built code, its declarations and its maps. */
const BUILT = /^dist\/[\w./-]+\.(js|d\.ts)(\.map)?$/
const SOURCES = /^src\/(?![\w./-]+\.test\.ts$)[\w./-]+\.ts$/

/** What belongs in a tarball, by package: nothing else, and something of each. */
const RULES = {
  sojourn: [BUILT, SOURCES, /^schema\/\w+\.sql$/, /^docs\/[\w./-]+\.md$/, /^SECURITY\.md$/],
  '@sojourn/conformance': [BUILT, SOURCES],
  '@sojourn/audit': [BUILT, SOURCES, /^schema\/[\w.]+\.json$/],
  'create-sojourn': [BUILT, SOURCES, /^template\/[\w./-]+\.ts$/, /^template-javascript\/[\w./-]+\.js$/],
}

const ALWAYS = [/^package\.json$/, /^README\.md$/, /^CHANGELOG\.md$/, /^LICENSE$/]

/**
 * Files that no rule names or that a rule misses, maps that lead to no source, and links that lead out of the package.
 * @param {Contents} contents
 * @returns {string[]}
 */
export function contentProblems(contents) {
  const top = `/node_modules/${contents.packageName}/`
  const files = contents.listFiles().map((file) => file.slice(top.length))
  const rules = [...ALWAYS, ...(RULES[/** @type {keyof typeof RULES} */ (contents.packageName)] ?? [])]
  const read = (/** @type {string} */ file) => contents.readFile(top + file)
  return [
    ...files.filter((file) => !rules.some((rule) => rule.test(file))).map((file) => `${file} does not belong in it`),
    ...rules.filter((rule) => !files.some((file) => rule.test(file))).map((rule) => `it has no ${rule.source}`),
    ...files.filter((file) => file.endsWith('.map')).flatMap((file) => lostSources(file, read(file), files)),
    ...files.filter((file) => file.endsWith('.md')).flatMap((file) => lostLinks(file, read(file), files)),
  ].map((problem) => `${contents.packageName}, as packed: ${problem}`)
}

/**
 * @param {string} file
 * @param {string} text
 * @param {readonly string[]} files
 */
function lostSources(file, text, files) {
  /** @type {{ sources: string[] }} */
  const { sources } = JSON.parse(text)
  return sources
    .map((source) => posix.join(posix.dirname(file), source))
    .filter((source) => !files.includes(source))
    .map((source) => `${file} names ${source}, which is not packed`)
}

/**
 * A page on npm resolves a relative link against the repository, which is not known: the README names pages instead.
 * @param {string} file
 * @param {string} text
 * @param {readonly string[]} files
 */
function lostLinks(file, text, files) {
  const links = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, link = '']) => link)
  if (file === 'README.md') return links.map((link) => `README.md links to ${link}, which leads nowhere on npm`)
  return links
    .filter((link) => !files.includes(posix.join(posix.dirname(file), decodeURI(link))))
    .map((link) => `${file} links to ${link}, which is not packed`)
}
