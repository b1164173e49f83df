import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** @typedef {{ minified: number, gzipped: number }} Size Bytes. */

/**
 * What an application bundles that needs no more than `createSessions` with its defaults; and everything that
 * `import ... from 'sojourn'` can bring in, for Node and for other runtimes.
 *
 * @returns {Promise<{ createSessions: Size, node: Size, portable: Size }>}
 */
export async function weighBundle() {
  return {
    createSessions: await weigh('node', "export { createSessions } from 'sojourn'"),
    node: await weigh('node', "export * from 'sojourn'"),
    portable: await weigh('neutral', "export * from 'sojourn'"),
  }
}

/**
 * @param {'node' | 'neutral'} platform
 * @param {string} contents
 * @returns {Promise<Size>}
 */
async function weigh(platform, contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform,
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('The bundler made nothing.')
  return { minified: output.contents.length, gzipped: gzipSync(output.contents, { level: 9 }).length }
}
