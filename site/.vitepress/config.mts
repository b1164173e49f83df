import { defineConfig } from 'vitepress'
import { apiMenu } from '../../tools/docs/api.mjs'
import { menuOf, pagesOfSite, toAnchor } from '../../tools/docs/pages.mjs'

const DECISIONS = 'Decisions'
const menu = menuOf(pagesOfSite()).map((section) => ({ ...section, collapsed: section.text === DECISIONS }))

// biome-ignore lint/style/noDefaultExport: VitePress looks for it
export default defineConfig({
  title: 'Sojourn',
  description: 'Session management for TypeScript servers',
  lang: 'en-US',
  srcDir: 'content',
  outDir: 'dist',
  cacheDir: 'cache',
  cleanUrls: true,
  lastUpdated: false,
  markdown: { anchor: { slugify: toAnchor } },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Guide', link: '/guide/first-app' },
      { text: 'Why', link: '/why' },
      { text: 'Reference', link: '/contents#reference' },
      { text: 'API', link: '/api/' },
      { text: 'Security', link: '/security' },
    ],
    sidebar: { '/api/': apiMenu(), '/': menu },
    docFooter: { prev: 'Before', next: 'Next' },
  },
})
