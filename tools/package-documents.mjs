import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { filesOf, publicPackages } from './packages.mjs'
import { root } from './run.mjs'

/**
 * What a package carries besides its own files, by its path in the repository: npm packs only what lies in the package's folder.
 * The library carries the whole documentation, so that it can be read offline, in the version that is installed.
 * @param {string} name
 */
function documentsOf(name) {
  if (name !== 'sojourn') return ['CHANGELOG.md']
  return ['CHANGELOG.md', 'SECURITY.md', ...filesOf(join(root, 'docs'), '.md').map((file) => `docs/${file}`)]
}

/**
 * A link to a file that the package does not carry becomes its text.
 * @param {string} page
 * @param {readonly string[]} carried
 */
function withoutLostLinks(page, carried) {
  const text = readFileSync(join(root, page), 'utf8')
  return text.replace(/\[((?:[^\][]|\[[^\]]*\])*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)]*)?\)/g, (link, label, target) =>
    carried.includes(posix.join(posix.dirname(page), decodeURI(target))) ? link : label,
  )
}

/** Copies the licence, the change log and the documentation into the packages. Git ignores the copies. */
export function copyDocuments() {
  for (const { folder, manifest } of publicPackages()) {
    const carried = documentsOf(manifest.name)
    copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
    if (existsSync(join(folder, 'docs'))) rmSync(join(folder, 'docs'), { recursive: true })
    for (const page of carried) {
      mkdirSync(dirname(join(folder, page)), { recursive: true })
      writeFileSync(join(folder, page), withoutLostLinks(page, [...carried, 'README.md']))
    }
  }
}
