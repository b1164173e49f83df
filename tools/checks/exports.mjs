import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { reachOf } from '../modules.mjs'
import { entriesOf, filesOf, publicPackages } from '../packages.mjs'

/** @param {import('../packages.mjs').Package} pkg */
function notBuilt(pkg) {
  return entriesOf(pkg).flatMap(({ specifier, code, types }) =>
    [code, types]
      .filter((file) => !existsSync(join(pkg.folder, file)))
      .map((file) => `${specifier} is exported, but ${file} is not built`),
  )
}

/**
 * A file that no entry leads to, by code or by types, is a subpath somebody forgot to export, or dead.
 * @param {import('../packages.mjs').Package} pkg
 */
function notReached(pkg) {
  const dist = join(pkg.folder, 'dist')
  const internal = JSON.stringify(pkg.manifest.imports ?? {}).match(/\.\/dist\/[^"]+/g) ?? []
  const commands = Object.values(pkg.manifest.bin ?? {})
  const entries = [...entriesOf(pkg).flatMap(({ code, types }) => [code, types]), ...internal, ...commands]
  const reached = new Set(
    reachOf(
      dist,
      entries.map((file) => file.replace('./dist/', './')),
    ),
  )
  return filesOf(dist, '.js')
    .map((file) => `./${file}`)
    .filter((file) => !reached.has(file) && !reached.has(file.replace(/\.js$/, '.d.ts')))
    .map((file) => `${pkg.manifest.name}: no exported entry leads to ${file.replace('./', './dist/')}`)
}

/** package.json `exports` and what is built, both ways. */
export function checkExports() {
  return publicPackages().flatMap((pkg) => [...notBuilt(pkg), ...notReached(pkg)])
}
