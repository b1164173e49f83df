/** The reference of the API: one page for each entry point of the packages, made from docstrings. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, posix } from 'node:path'
import { Application } from 'typedoc'
import { entriesOf, filesOf, publicPackages } from '../packages.mjs'
import { toAnchor } from './pages.mjs'

/** The packages that people import. */
const FOLDERS = ['sojourn', 'conformance', 'audit']

const packages = () => FOLDERS.flatMap((name) => publicPackages().filter(({ folder }) => basename(folder) === name))

/**
 * Writes the pages, and an index of them.
 * @param {string} out
 */
export async function writeApi(out) {
  const lists = []
  for (const pkg of packages()) {
    await writePackage(pkg, out)
    const lines = sortedEntriesOf(pkg).map(({ specifier }) => `- [\`${specifier}\`](${addressOf(pkg, specifier)})`)
    lists.push(`## ${pkg.manifest.name}\n\n${lines.join('\n')}\n`)
  }
  moveRoots(out)
  mendAnchors(out)
  writeFileSync(
    join(out, 'index.md'),
    `# API\n\nEvery entry point of the packages, with what it exports, made from the docstrings of the sources. The [reference](/contents#reference) explains the same in context.\n\n${lists.join('\n')}`,
  )
}

/** @param {import('../packages.mjs').Package} pkg */
function sortedEntriesOf(pkg) {
  return entriesOf(pkg).sort((a, b) => (a.specifier < b.specifier ? -1 : 1))
}

/**
 * @param {import('../packages.mjs').Package} pkg
 * @param {string} specifier
 */
function addressOf(pkg, specifier) {
  const hasFolder = entriesOf(pkg).some((entry) => entry.specifier.startsWith(`${specifier}/`))
  return `/api/${specifier}${hasFolder || specifier === pkg.manifest.name ? '/' : ''}`
}

/**
 * Moves `sojourn.md` to `sojourn/index.md`: beside a folder of the same name, many servers look into the folder for
 * `/api/sojourn`, and find nothing.
 * @param {string} out
 */
function moveRoots(out) {
  const files = filesOf(out, '.md')
  const targets = new Map(
    files.map((file) => [file, existsSync(join(out, file.slice(0, -3))) ? `${file.slice(0, -3)}/index.md` : file]),
  )
  for (const [file, target] of targets) {
    const text = readFileSync(join(out, file), 'utf8').replace(/\]\(([^)#\s:]+\.md)/g, (link, path) => {
      const linked = targets.get(posix.join(posix.dirname(file), path))
      return linked === undefined ? link : `](${posix.relative(posix.dirname(target), linked)}`
    })
    if (target !== file) rmSync(join(out, file))
    writeFileSync(join(out, target), text)
  }
}

/**
 * TypeDoc numbers an anchor (`#sessionid-1`) also if the heading before is none on the page.
 * @param {string} out
 */
function mendAnchors(out) {
  const texts = new Map(filesOf(out, '.md').map((file) => [file, readFileSync(join(out, file), 'utf8')]))
  const anchors = new Map(Array.from(texts, ([file, text]) => [file, anchorsIn(text)]))
  for (const [file, text] of texts) {
    const mended = text.replace(/\]\(([^)#\s]*)#([^)\s]+)-\d+\)/g, (link, target, anchor) => {
      const found = anchors.get(target === '' ? file : posix.join(posix.dirname(file), target)) ?? []
      return found.filter((each) => each === anchor).length === 1 ? `](${target}#${anchor})` : link
    })
    writeFileSync(join(out, file), mended)
  }
}

/** @param {string} text */
function anchorsIn(text) {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => toAnchor(title))
}

/** The menu beside these pages. */
export function apiMenu() {
  return packages().map((pkg) => ({
    text: pkg.manifest.name,
    items: sortedEntriesOf(pkg).map(({ specifier }) => ({ text: specifier, link: addressOf(pkg, specifier) })),
  }))
}

/**
 * @param {import('../packages.mjs').Package} pkg
 * @param {string} out
 */
async function writePackage(pkg, out) {
  const sources = new Map(entriesOf(pkg).map(({ specifier, code }) => [toSource(code), specifier]))
  const isOne = sources.size === 1
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: Array.from(sources.keys(), (source) => join(pkg.folder, `src/${source}.ts`)),
    tsconfig: join(pkg.folder, 'tsconfig.json'),
    name: pkg.manifest.name,
    out: isOne ? join(out, pkg.manifest.name) : out,
    // The checks compile everything before.
    skipErrorChecking: true,
    cleanOutputDir: false,
    readme: 'none',
    disableSources: true,
    excludeInternal: true,
    excludeExternals: true,
    logLevel: 'Error',
    ...MARKDOWN,
  })
  const project = await app.convert()
  if (project === undefined) throw new Error(`TypeDoc found nothing to describe in ${pkg.folder}.`)
  // TypeDoc names a module after its file; people know it by the name they import.
  const named = [...sources.values()]
  for (const module of isOne ? [] : (project.children ?? [])) {
    if (!named.includes(module.name)) module.name = sources.get(module.name) ?? pkg.manifest.name
  }
  await app.generateOutputs(project)
}

/** Options of the plugin, which TypeDoc's types do not know. */
const MARKDOWN = /** @type {object} */ ({
  router: 'module',
  entryFileName: 'index',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  enumMembersFormat: 'table',
  // Nearly every property is read-only, and the description needs the width.
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true },
})

/** @param {string} code */
function toSource(code) {
  return code.replace('./dist/', '').replace(/\.js$/, '')
}
