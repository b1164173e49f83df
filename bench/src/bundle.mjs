import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** @typedef {{ minified: number, gzipped: number }} Size Bytes. */

/**
 * Everything that `import ... from 'sojourn'` can bring in.
 *
 * @returns {Promise<{ node: Size, portable: Size }>}
 */
export async function weighBundle() {
  return { node: await weigh('node'), portable: await weigh('neutral') }
}

/**
 * @param {'node' | 'neutral'} platform
 * @returns {Promise<Size>}
 */
async function weigh(platform) {
  const { outputFiles } = await build({
    stdin: { contents: "export * from 'sojourn'", resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
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
