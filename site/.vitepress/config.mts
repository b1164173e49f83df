import { defineConfig } from 'vitepress'
import { apiMenu } from '../../tools/docs/api.mjs'
import { menuOf, pagesOfSite, toAnchor } from '../../tools/docs/pages.mjs'
import { searchOptions } from '../../tools/docs/search.mjs'

const DECISIONS = 'Decisions'
const WIDE = ['why.md', 'benchmarks.md', 'attacks.md', 'security.md', 'reference/mistakes.md']
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
  head: [
    ['link', { rel: 'icon', href: 'data:,' }],
    ['noscript', {}, '<style>[role="tabpanel"][hidden] { display: block }</style>'],
  ],
  // These pages have tables that need the width.
  transformPageData(page) {
    if (WIDE.includes(page.relativePath) || page.relativePath.startsWith('conformance/')) page.frontmatter.aside = false
    if (page.relativePath.startsWith('api/')) page.frontmatter.pageClass = 'api'
  },
  vite: { build: { chunkSizeWarningLimit: 4000, reportCompressedSize: false } },
  markdown: {
    anchor: { slugify: toAnchor },
    // Their colors have the contrast that WCAG AA asks for.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        // Code is searched as plain text: to color it once more for the index would take half of the build.
        _render: (src, env, md) => md.render(src.replace(/^```\w+/gm, '```txt'), env),
        miniSearch: { searchOptions },
      },
    },
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
