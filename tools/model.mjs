/**
 * `npm run model`: the token protocol, explored state by state. Words choose graphs: a property (`S3`), a variant (`thief`), or a
 * part of a name. `MODEL_MINUTES` is the cap of each.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-model-'))
const outfile = join(folder, 'model.mjs')
try {
  await build({
    entryPoints: [join(root, 'packages/sojourn/test/model/main.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'warning',
    plugins: [
      {
        name: 'sources',
        setup({ onResolve }) {
          onResolve({ filter: /^#crypto$/ }, () => ({
            path: join(root, 'packages/sojourn/src/platform/crypto.node.ts'),
          }))
        },
      },
    ],
  })
  const { main } = await import(pathToFileURL(outfile).href)
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
