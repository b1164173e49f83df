import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'

/**
 * The imports of a file, including type imports and `import()`.
 * @param {string} path
 */
export function importsOf(path) {
  return ts.preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles.map(({ fileName }) => fileName)
}

/**
 * Everything that built files lead to: more files of `dist`, as `./a/b.js` or `./a/b.d.ts`, and names from outside.
 * `#crypto` leads to the portable module.
 * @param {string} dist
 * @param {readonly string[]} entries
 * @returns {string[]}
 */
export function reachOf(dist, entries) {
  const seen = new Set(entries)
  for (const file of seen) {
    if (!file.startsWith('./') || !existsSync(join(dist, file))) continue
    for (const specifier of importsOf(join(dist, file))) {
      if (specifier === '#crypto') seen.add('./platform/crypto.web.js')
      else if (specifier.startsWith('.')) {
        // A declaration file names its neighbours by their source: './record.ts' for './record.d.ts'.
        seen.add(`./${posix.join(posix.dirname(file), specifier).replace(/(?<!\.d)\.ts$/, '.d.ts')}`)
      } else seen.add(specifier)
    }
  }
  return [...seen]
}

/**
 * The package that a specifier belongs to: `@noble/hashes/sha2.js` is of `@noble/hashes`.
 * @param {string} specifier
 */
export function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
