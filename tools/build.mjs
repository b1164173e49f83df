import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { publicPackages } from './packages.mjs'
import { root, runNode } from './run.mjs'

/** A file that was built from a source that is gone would still be published and scanned. */
function removeOrphans() {
  for (const folder of readdirSync(join(root, 'packages'))) {
    const dist = join(root, 'packages', folder, 'dist')
    if (!existsSync(dist)) continue
    for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
      const source = join(root, 'packages', folder, 'src', file.replace(/(\.d\.ts|\.js)$/, '.ts'))
      if (/(\.d\.ts|\.js)$/.test(file) && !existsSync(source)) rmSync(join(dist, file))
    }
  }
}

/** npm packs the licence of the package's own folder alone. */
function copyLicense() {
  for (const { folder } of publicPackages()) copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
}

/** Compiles what changed since the last time; `tsc --build` keeps count. */
export function build() {
  removeOrphans()
  copyLicense()
  const examples = readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}/tsconfig.json`)
    .filter((file) => existsSync(join(root, file)))
  return runNode('node_modules/typescript/bin/tsc', ['--build', 'tsconfig.build.json', ...examples])
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exit(build())
