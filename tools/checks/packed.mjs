import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { npm } from '../install.mjs'
import { entriesOf, publicPackages } from '../packages.mjs'
import { root, runNode } from '../run.mjs'
import { PORTABLE } from './import-rule.mjs'

/** @typedef {ReturnType<typeof entriesOf>[number]} Entry */

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
 * A licence that a scanner does not find is none.
 * @param {import('@arethetypeswrong/core').Package} contents
 */
function licenseProblems(contents) {
  const found = contents.listFiles().some((file) => file.endsWith('/LICENSE'))
  return found ? [] : [`${contents.packageName} is packed without its licence`]
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

const STRICT = { noEmit: true, strict: true, target: 'es2022', lib: ['es2022', 'dom'] }

/** Strict applications that look into declaration files too: on Node, and where Node's types are not at hand. */
const CONSUMERS = {
  node: { ...STRICT, module: 'nodenext', types: ['node'] },
  portable: { ...STRICT, module: 'esnext', moduleResolution: 'bundler', types: [] },
}

/**
 * @param {string} folder
 * @param {string} file
 * @param {readonly string[]} lines
 */
function write(folder, file, lines) {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), `${lines.join('\n')}\n`)
}

/**
 * Applications that import every entry, with `import` and with `require`, type-checked.
 * @param {string} folder
 * @param {readonly Entry[]} entries
 */
function typeProblems(folder, entries) {
  const imports = entries.map(({ specifier }, i) => `export * as m${i} from '${specifier}'`)
  const requires = entries.map(({ specifier }, i) => `export import m${i} = require('${specifier}')`)
  const portable = imports.filter((_, i) => PORTABLE.some((name) => entries[i]?.code === `./dist/${name}.js`))
  write(folder, 'node/imports.mts', imports)
  write(folder, 'node/requires.cts', requires)
  write(folder, 'portable/imports.ts', portable)
  return Object.entries(CONSUMERS).flatMap(([name, compilerOptions]) => {
    write(folder, `${name}/tsconfig.json`, [JSON.stringify({ compilerOptions })])
    const status = runNode('node_modules/typescript/bin/tsc', ['--project', join(folder, name)])
    return status === 0 ? [] : [`an application (${name}) that imports the entries does not type-check, see above`]
  })
}

/**
 * Every entry, loaded by `import` and by `require`, is the same module.
 * @param {string} folder
 * @param {readonly Entry[]} entries
 */
function loadProblems(folder, entries) {
  write(folder, 'imports.mjs', [
    ...entries.map(({ specifier }, i) => `import * as m${i} from '${specifier}'`),
    `for (const module of [${entries.map((_, i) => `m${i}`)}]) if (Object.keys(module).length === 0) throw new Error('empty')`,
  ])
  write(folder, 'requires.cjs', [
    'const same = (a, b, name) => { if (a !== b) throw new Error(name) }',
    'void (async () => {',
    ...entries.map(({ specifier }) => `same(require('${specifier}'), await import('${specifier}'), '${specifier}')`),
    '})()',
  ])
  return ['imports.mjs', 'requires.cjs'].flatMap((script) => {
    const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' })
    return status === 0 && stderr === '' ? [] : [`an application that loads every entry (${script}) fails:\n${stderr}`]
  })
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
      problems.push(
        ...(await publintProblems(pkg, tarball)),
        ...(await attwProblems(contents)),
        ...licenseProblems(contents),
      )
      unpack(contents, folder)
    }
    const entries = packages.flatMap(entriesOf)
    return [...problems, ...loadProblems(folder, entries), ...typeProblems(folder, entries)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
