import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { npm } from '../install.mjs'
import { entriesOf, publicPackages } from '../packages.mjs'
import { root } from '../run.mjs'
import { loadProblems, typeProblems } from './consumers.mjs'
import { contentProblems } from './contents.mjs'

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
        ...contentProblems(contents),
      )
      unpack(contents, folder)
    }
    const entries = packages.flatMap(entriesOf)
    return [...problems, ...loadProblems(folder, entries), ...typeProblems(folder, entries)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
