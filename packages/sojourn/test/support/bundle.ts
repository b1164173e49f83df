import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const packages = new URL('../../../', import.meta.url)
const source = (path: string): string => fileURLToPath(new URL(path, packages))

/** A TypeScript program as one module for another runtime, with the sources of the library as they are now. */
export async function bundle(program: URL, runtime: 'node' | 'workerd'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(program)],
    bundle: true,
    write: false,
    platform: runtime === 'workerd' ? 'neutral' : 'node',
    mainFields: ['module', 'main'],
    format: 'esm',
    target: 'es2022',
    alias: {
      sojourn: source('sojourn/src/index.ts'),
      '@sojourn/conformance': source('conformance/src/index.ts'),
      vitest: source('sojourn/test/support/expect.ts'),
      '#crypto': source(`sojourn/src/platform/crypto.${runtime === 'workerd' ? 'web' : 'node'}.ts`),
    },
    external: ['node:*', 'bun:sqlite', 'better-sqlite3', 'libsql', '@libsql/client'],
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
