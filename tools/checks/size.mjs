import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from '../run.mjs'

const ENTRY = join(root, 'packages/sojourn/dist/index.js')

/** Bytes, minified and gzipped. */
const BUDGETS = [
  { title: 'for Node', conditions: ['node'], bytes: 8_000 },
  { title: 'with the portable crypto', conditions: [], bytes: 12_000 },
]

/** @param {string[]} conditions */
async function sizeOf(conditions) {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    conditions,
    external: ['node:*'],
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

/** What `import 'sojourn'` costs an application, against the budget. */
export async function checkSize() {
  if (!existsSync(ENTRY)) return ['packages/sojourn/dist/index.js is not built']
  const problems = []
  for (const { title, conditions, bytes } of BUDGETS) {
    const size = await sizeOf(conditions)
    console.log(`  sojourn ${title}: ${size} of ${bytes} bytes, minified and gzipped`)
    if (size > bytes) problems.push(`sojourn ${title} has ${size} bytes, ${size - bytes} over its budget`)
  }
  return problems
}
