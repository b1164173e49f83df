import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import * as esbuild from 'esbuild'
import { rollup } from 'rollup'
import * as vite from 'vite'
import webpack from 'webpack'

/** For Node, or for what has no Node: browsers and workers. */
export type Target = 'node' | 'web'

export interface BundleRequest {
  /** The application: its `node_modules` is what there is. */
  readonly folder: string
  /** Names of bundles, and the file that each begins with. */
  readonly entries: Readonly<Record<string, string>>
  readonly out: string
  readonly target: Target
}

/** Writes `<out>/<name>.<extension>` for each entry, or rejects with what the bundler complains of. */
export interface Bundler {
  readonly extension: 'mjs' | 'cjs'
  /** Whether drivers go into the bundle. Without, they are looked for when it runs. */
  readonly packsDrivers: boolean
  bundle(request: BundleRequest): Promise<void>
}

function byEsbuild(format: 'esm' | 'cjs'): Bundler {
  return {
    extension: format === 'esm' ? 'mjs' : 'cjs',
    packsDrivers: format === 'cjs',
    async bundle({ folder, entries, out, target }) {
      const { warnings } = await esbuild.build({
        absWorkingDir: folder,
        entryPoints: entries as Record<string, string>,
        outdir: out,
        outExtension: { '.js': format === 'esm' ? '.mjs' : '.cjs' },
        bundle: true,
        platform: target === 'node' ? 'node' : 'browser',
        format,
        // Packages in CommonJS cannot be packed into an ES module for Node: their `require` has no meaning there.
        external: format === 'esm' ? ['redis', 'ioredis', 'iovalkey', 'pg', 'postgres', 'mysql2'] : [],
        // CommonJS has no `import.meta`; where lmdb is looked for allows for that.
        logOverride: { 'empty-import-meta': 'silent' },
        logLevel: 'silent',
      })
      if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'))
    },
  }
}

/**
 * What is not installed stays an import: that is how Rollup leaves out an optional peer. TypeScript's helper for imports by
 * a computed name begins with `this &&`.
 */
const TOLERATED: readonly unknown[] = ['UNRESOLVED_IMPORT', 'THIS_IS_UNDEFINED']

const byRollup: Bundler = {
  extension: 'mjs',
  packsDrivers: false,
  async bundle({ entries, out, target }) {
    const conditions = target === 'node' ? ['node', 'import', 'default'] : ['browser', 'import', 'default']
    const build = await rollup({
      input: { ...entries },
      external: [/^node:/, 'redis', 'ioredis', 'iovalkey', 'pg', 'postgres', 'mysql2/promise', 'ws'],
      plugins: [nodeResolve({ exportConditions: conditions, preferBuiltins: target === 'node' })],
      onLog(level, log) {
        if (level === 'warn' && !TOLERATED.includes(log.code)) throw new Error(log.message)
      },
    })
    await build.write({ dir: out, format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' })
    await build.close()
  },
}

const byVite: Bundler = {
  extension: 'mjs',
  packsDrivers: true,
  async bundle({ folder, entries, out, target }) {
    await vite.build({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      build: {
        outDir: out,
        emptyOutDir: false,
        minify: false,
        target: 'es2022',
        ...(target === 'node' && { ssr: true }),
        rollupOptions: {
          input: { ...entries },
          preserveEntrySignatures: 'strict',
          output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
        },
      },
      ...(target === 'node' && { ssr: { noExternal: true, target: 'node' } }),
    })
  },
}

const byWebpack: Bundler = {
  extension: 'cjs',
  packsDrivers: true,
  async bundle({ folder, entries, out, target }) {
    const compiler = webpack({
      context: folder,
      mode: 'production',
      optimization: { minimize: false },
      entry: { ...entries },
      target: target === 'node' ? 'node20' : 'webworker',
      output: { path: out, filename: '[name].cjs', chunkFilename: '[name]-[id].cjs', library: { type: 'commonjs2' } },
    })
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
      compiler.run((error, result) => compiler.close(() => (error ? reject(error) : resolve(result))))
    })
    if (stats?.hasErrors() === true) throw new Error(stats.toString({ all: false, errors: true }))
  },
}

export const BUNDLERS: Readonly<Record<string, Bundler>> = {
  'esbuild, ES modules': byEsbuild('esm'),
  'esbuild, CommonJS': byEsbuild('cjs'),
  Rollup: byRollup,
  Vite: byVite,
  webpack: byWebpack,
}

/** An application that has each of these modules, by the name of its bundle. */
export function writeEntries(folder: string, texts: Readonly<Record<string, string>>): Record<string, string> {
  mkdirSync(join(folder, 'entries'), { recursive: true })
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const file = join(folder, 'entries', `${name}.mjs`)
      writeFileSync(file, text)
      return [name, file]
    }),
  )
}
