import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const config: NextConfig = {
  cacheComponents: true,
  partialPrefetching: true,
  turbopack: { root: fileURLToPath(new URL('../../../../..', import.meta.url)) },
  typescript: { ignoreBuildErrors: true },
}

export default config
