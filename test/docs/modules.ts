import { readFileSync } from 'node:fs'
import { root } from './snippets.ts'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

/** Every name under which our packages are imported, and the source behind it: documents are checked against what is here now. */
export function ownModules(): Record<string, string> {
  const found: Record<string, string> = {
    '#crypto': `${root}packages/sojourn/src/platform/crypto.node.ts`,
  }
  for (const folder of ['sojourn', 'conformance', 'audit']) {
    const { name, exports } = JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8')) as Manifest
    for (const [subpath, target] of Object.entries(exports)) {
      if (typeof target === 'string') continue
      const source = target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
      found[name + subpath.slice(1)] = `${root}packages/${folder}/${source}`
    }
  }
  return found
}
