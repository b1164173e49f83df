import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './run.mjs'

const SOJOURN = join(root, 'packages/sojourn')

/**
 * The source that an export of `sojourn` is built from.
 * @param {string} name
 */
function sourceOf(name) {
  const { exports } = JSON.parse(readFileSync(join(SOJOURN, 'package.json'), 'utf8'))
  const built = exports[name.replace(/^sojourn/, '.')].default
  return join(SOJOURN, built.replace('./dist/', './src/').replace(/\.js$/, '.ts'))
}

/**
 * Runs the function `main` of a program in TypeScript beside the tests, on the present sources, with the words of the command line.
 * Sets the exit code: `main` returns whether all is well.
 * @param {string} entry
 */
export async function runProgram(entry) {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-program-'))
  const outfile = join(folder, 'program.mjs')
  try {
    await build({
      entryPoints: [join(root, entry)],
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
            onResolve({ filter: /^#crypto$/ }, () => ({ path: join(SOJOURN, 'src/platform/crypto.node.ts') }))
            onResolve({ filter: /^sojourn($|\/)/ }, ({ path }) => ({ path: sourceOf(path) }))
          },
        },
      ],
    })
    const { main } = await import(pathToFileURL(outfile).href)
    process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
