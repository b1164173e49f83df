import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { npm } from '../install.mjs'
import { entriesOf, publicPackages } from '../packages.mjs'
import { root, runNode } from '../run.mjs'

/**
 * The tarball that `npm publish` would send.
 * @param {import('../packages.mjs').Package} pkg
 * @param {string} folder
 */
function pack(pkg, folder) {
  const { stdout, status, stderr } = npm(['pack', pkg.folder, '--json', '--pack-destination', folder], 'pipe')
  if (status !== 0) throw new Error(`npm pack failed for ${pkg.manifest.name}:\n${stderr}`)
  const [{ filename }] = Object.values(JSON.parse(stdout))
  return new Uint8Array(readFileSync(join(folder, filename)))
}

/**
 * @param {import('../packages.mjs').Package} pkg
 * @param {Uint8Array} tarball
 */
async function publintProblems(pkg, tarball) {
  const copy = new Uint8Array(tarball).buffer
  const { messages } = await publint({ pack: { tarball: copy }, strict: true })
  return messages.map(
    (message) => `publint, ${pkg.manifest.name}: ${formatMessage(message, pkg.manifest, { color: false })}`,
  )
}

/**
 * Two findings of are-the-types-wrong are by design: the package has no build for resolvers that do not know `exports`
 * (node10), and `require` gets the ES module, as every supported Node can.
 * @param {import('@arethetypeswrong/core').Package} contents
 */
async function attwProblems(contents) {
  const analysis = await checkPackage(contents)
  if (!analysis.types) return [`are-the-types-wrong, ${contents.packageName}: no types found`]
  return analysis.problems
    .filter((problem) => problem.kind !== 'CJSResolvesToESM')
    .filter((problem) => !('resolutionKind' in problem && problem.resolutionKind === 'node10'))
    .map((problem) => `are-the-types-wrong, ${contents.packageName}: ${JSON.stringify(problem)}`)
}

/**
 * @param {import('@arethetypeswrong/core').Package} contents
 * @param {string} folder
 */
function unpack(contents, folder) {
  for (const file of contents.listFiles()) {
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, contents.readFile(file))
  }
}

/** A strict application that looks into declaration files too. */
const CONSUMER = {
  compilerOptions: { noEmit: true, strict: true, module: 'nodenext', target: 'es2022', types: ['node'] },
  include: ['*.mts', '*.cts'],
}

/**
 * An application that installed the packages loads every entry both ways and is type-checked, declarations included.
 * @param {string} folder
 * @param {readonly string[]} specifiers
 */
function consumerProblems(folder, specifiers) {
  const imports = specifiers.map((name, i) => `import * as m${i} from '${name}'`)
  const requires = specifiers.map((name, i) => `import m${i} = require('${name}')`)
  const use = `console.log(${specifiers.map((_, i) => `Object.keys(m${i}).length`).join(', ')})`
  const loads = specifiers.map((name) => `same(require('${name}'), await import('${name}'), '${name}')`)
  const same = 'const same = (a, b, name) => { if (a !== b || Object.keys(a).length === 0) throw new Error(name) }'
  writeFileSync(join(folder, 'imports.mts'), [...imports, use, ''].join('\n'))
  writeFileSync(join(folder, 'requires.cts'), [...requires, use, ''].join('\n'))
  writeFileSync(join(folder, 'load.cjs'), [same, 'void (async () => {', ...loads, '})()', ''].join('\n'))
  writeFileSync(join(folder, 'imports.mjs'), [...imports, use, ''].join('\n'))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONSUMER))
  const problems = []
  for (const script of ['imports.mjs', 'load.cjs']) {
    const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' })
    if (status !== 0 || stderr !== '')
      problems.push(`an application that loads every entry (${script}) fails:\n${stderr}`)
  }
  if (runNode('node_modules/typescript/bin/tsc', ['--project', folder]) !== 0) {
    problems.push('an application that imports every entry does not type-check, see above')
  }
  return problems
}

/** The packages as they would be published: sound for publint and are-the-types-wrong, loaded and typed both ways. */
export async function checkPacked() {
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, 'node_modules/.cache/sojourn-packed-'))
  try {
    const problems = []
    const packages = publicPackages()
    for (const pkg of packages) {
      const tarball = pack(pkg, folder)
      const contents = createPackageFromTarballData(tarball)
      problems.push(...(await publintProblems(pkg, tarball)), ...(await attwProblems(contents)))
      unpack(contents, folder)
    }
    const specifiers = packages.flatMap((pkg) => entriesOf(pkg).map(({ specifier }) => specifier))
    return [...problems, ...consumerProblems(folder, specifiers)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
