import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { findChromium } from './tools/chromium.mjs'

type Exports = Record<string, string | { default: string }>

/** Tests run on the sources: every name a package exports leads to the file it is built from. */
function aliasesOf(folder: string): { find: RegExp; replacement: string }[] {
  const root = new URL(`./packages/${folder}/`, import.meta.url)
  const { name, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    name: string
    exports: Exports
  }
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return []
    const source = target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts')
    return [{ find: new RegExp(`^${name}${subpath.slice(1)}$`), replacement: fileURLToPath(new URL(source, root)) }]
  })
}

const cryptoModule = fileURLToPath(new URL('./packages/sojourn/src/platform/crypto.node.ts', import.meta.url))

const roots = ['packages/*/test', 'test', 'examples/*/test', 'bench/test']
const browserTests = '**/*.browser.test.ts'

export default defineConfig({
  resolve: {
    alias: [
      ...aliasesOf('sojourn'),
      ...aliasesOf('conformance'),
      ...aliasesOf('audit'),
      ...aliasesOf('create'),
      { find: /^#crypto$/, replacement: cryptoModule },
      { find: /^fast-check$/, replacement: fileURLToPath(new URL('./test/seeded-fast-check.ts', import.meta.url)) },
    ],
  },
  test: {
    // By default, one core stays idle. On two cores, that is half of the machine.
    maxWorkers: availableParallelism(),
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: roots.map((root) => `${root}/**/*.test.ts`),
          exclude: [browserTests, '**/node_modules/**'],
          // Real servers on a busy machine take their time; a test that hangs fails nevertheless.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: roots.map((root) => `${root}/${browserTests}`),
          // Browser tests start Chromium by this path; tools/chromium.mjs knows the usual places.
          env: { CHROMIUM_PATH: findChromium() ?? '' },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
