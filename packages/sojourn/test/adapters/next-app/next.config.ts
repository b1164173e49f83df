import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const config: NextConfig = {
  cacheComponents: true,
  partialPrefetching: true,
  // Compression adds to Vary, which the tests look at.
  compress: false,
  turbopack: { root: fileURLToPath(new URL('../../../../..', import.meta.url)) },
  typescript: { ignoreBuildErrors: true },
}

export default config
