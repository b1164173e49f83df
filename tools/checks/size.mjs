import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from '../run.mjs'

const DIST = join(root, 'packages/sojourn/dist')
const CORE = { entry: 'core/create-sessions.js', name: 'createCoreSessions' }

/**
 * Bytes, minified and gzipped, of a bundle that uses one export, as an application does. The budget is the design's, and
 * is missed (docs/decisions/0023); the ceiling keeps it from being missed by more.
 * @type {readonly { title: string, entry: string, name: string, conditions: string[], budget: number, ceiling: number }[]}
 */
const BUNDLES = [
  { title: 'core for Node', ...CORE, conditions: ['node'], budget: 8_000, ceiling: 28_690 },
  { title: 'core with the portable crypto', ...CORE, conditions: [], budget: 12_000, ceiling: 31_660 },
  {
    title: 'createSessions with its default store, carrier and guards',
    entry: 'index.js',
    name: 'createSessions',
    conditions: ['node'],
    budget: 20_000,
    ceiling: 35_610,
  },
]

/** All that belongs in these bundles: no other store, carrier or guard, and no adapter. */
const PARTS = [
  /^(?:bundle|index|create-sessions)\.js$/,
  /^(?:core|platform)\//,
  /^carriers\/cookie[\w-]*\.js$/,
  /^guards\/(?:cross-origin|_unsafe-requests|device)\.js$/,
  /^stores\/(?:memory\.js|kit\/)/,
  /node_modules\/@noble\/hashes\//,
]

/**
 * The size of the bundle, and the files in it that do not belong there.
 * @param {string} entry
 * @param {string} name
 * @param {string[]} conditions
 */
async function measure(entry, name, conditions) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export { ${name} } from './${entry}'`, resolveDir: DIST, sourcefile: 'bundle.js' },
    absWorkingDir: DIST,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    conditions,
    external: ['node:*'],
  })
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
  return {
    size: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length,
    strangers: used.filter((file) => !PARTS.some((part) => part.test(file))),
  }
}

/** Compares the size of the library in an application's bundle with the budget. */
export async function checkSize() {
  const problems = []
  for (const { title, entry, name, conditions, budget, ceiling } of BUNDLES) {
    if (!existsSync(join(DIST, entry))) return [`${join(DIST, entry)} is not built`]
    const { size, strangers } = await measure(entry, name, conditions)
    console.log(`  ${title}: ${size} bytes of at most ${ceiling} (budget ${budget}), minified and gzipped`)
    if (size > ceiling) problems.push(`${title} is ${size - ceiling} bytes over its ceiling`)
    problems.push(...strangers.map((file) => `${title} contains ${file}`))
  }
  return problems
}
