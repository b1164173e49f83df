import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { copyDocuments } from './package-documents.mjs'
import { root, runNode } from './run.mjs'
import { buildTemplates } from './templates.mjs'

/** The ending of a file that the compiler writes. */
const BUILT = /(\.d\.ts|\.js)(\.map)?$/

/** A file that was built from a source that is gone would still be published and scanned. */
function removeOrphans() {
  for (const folder of readdirSync(join(root, 'packages'))) {
    const dist = join(root, 'packages', folder, 'dist')
    if (!existsSync(dist)) continue
    for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
      const source = join(root, 'packages', folder, 'src', file.replace(BUILT, '.ts'))
      if (BUILT.test(file) && !existsSync(source)) rmSync(join(dist, file))
    }
  }
}

/** Compiles what changed since the last time; `tsc --build` keeps count. */
export function build() {
  removeOrphans()
  copyDocuments()
  const examples = readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}/tsconfig.json`)
    .filter((file) => existsSync(join(root, file)))
  const status = runNode('node_modules/typescript/bin/tsc', ['--build', 'tsconfig.build.json', ...examples])
  return status === 0 ? buildTemplates() : status
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exit(build())
