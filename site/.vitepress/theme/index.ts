import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { h } from 'vue'
import { Tab, Tabs } from './tabs.ts'
import './style.css'

const BEGIN = 'npm create sojourn@latest my-app\ncd my-app && npm start'

const theme: Theme = {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'home-hero-actions-after': () => h('pre', { class: 'begin' }, BEGIN) }),
  enhanceApp({ app }) {
    app.component('Tabs', Tabs)
    app.component('Tab', Tab)
  },
}

// biome-ignore lint/style/noDefaultExport: VitePress looks for it
export default theme
