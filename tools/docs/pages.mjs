/** Which file of the repository becomes which page of the site, and how links between files become links between pages. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { filesOf } from '../packages.mjs'
import { root } from '../run.mjs'

/** Documents outside `docs/`, by the address of their page. */
const ELSEWHERE = {
  'README.md': 'introduction.md',
  'SECURITY.md': 'security.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'bench/README.md': 'benchmarks.md',
  'bench/attacks/README.md': 'attacks.md',
  'examples/shop/README.md': 'shop.md',
  'packages/audit/README.md': 'audit/index.md',
  'packages/conformance/README.md': 'conformance-suites.md',
  'packages/create/README.md': 'create.md',
}

/** The index of the documents. The site's menu is made from it. */
export const INDEX = 'docs/README.md'

/** @returns {Map<string, string>} the page of each document: `docs/guide/first-app.md` to `guide/first-app.md` */
export function pagesOfSite() {
  const inDocs = filesOf(join(root, 'docs'), '.md').map((file) => /** @type {const} */ ([`docs/${file}`, toPage(file)]))
  const others = Object.entries(ELSEWHERE).filter(([file]) => existsSync(join(root, file)))
  return new Map([...inDocs, ...others])
}

/** @param {string} file under `docs/` */
function toPage(file) {
  return file === 'README.md' ? 'contents.md' : file.replace(/README\.md$/, 'index.md')
}

/** @param {string} page */
export function addressOf(page) {
  return `/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`
}

/**
 * A document as the site shows it.
 * @param {string} file
 * @param {Map<string, string>} pages
 * @param {(file: string) => void} attach is called with each other file that the document links to
 */
export function toSiteText(file, pages, attach) {
  const text = readFileSync(join(root, file), 'utf8')
  const parts = text.split(/^(```[\s\S]*?^```$)/m)
  const linked = parts.map((part) => (part.startsWith('```') ? toFence(part) : withLinks(part, file, pages, attach)))
  return withTabs(linked.join('')).replace(/^- \[ \] /gm, '- ☐ ')
}

/**
 * The words after a fence's language are for our tests. The highlighter does not know every language.
 * @param {string} fence
 */
function toFence(fence) {
  return fence.replace(/^```(\w+).*$/m, (_, language) => `\`\`\`${PLAIN.includes(language) ? 'txt' : language}`)
}

const PLAIN = ['haproxy', 'caddyfile']

/**
 * @param {string} text
 * @param {string} file
 * @param {Map<string, string>} pages
 * @param {(file: string) => void} attach
 */
function withLinks(text, file, pages, attach) {
  return text.replace(/\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)/g, (_, target, anchor = '') => {
    const path = posix.join(posix.dirname(file), decodeURI(target)).replace(/\/$/, '')
    const isFolder = existsSync(join(root, path)) && statSync(join(root, path)).isDirectory()
    const linked = isFolder ? `${path}/README.md` : path
    const page = pages.get(linked)
    if (page !== undefined) return `](${addressOf(page)}${anchor})`
    attach(linked)
    return `](/files/${linked}.txt)`
  })
}

/**
 * The sections between `<!-- tabs -->` and `<!-- end of tabs -->`, one tab each. In the repository they follow each other. The first
 * heading says of which level they are.
 * @param {string} text
 */
function withTabs(text) {
  return text.replace(/^<!-- tabs -->\n([\s\S]*?)^<!-- end of tabs -->$/gm, (_, body) => {
    const [mark = ''] = /^#+ /m.exec(body) ?? []
    if (mark === '') throw new Error('A group of tabs has no heading. Each tab begins with one.')
    const sections = `\n${body}`.split(`\n${mark}`).slice(1)
    const names = sections.map((section) => section.slice(0, section.indexOf('\n')))
    const tabs = sections.map((section, i) => `<Tab name="${names[i]}">\n\n${mark}${section}\n</Tab>\n`)
    return `<Tabs names="${names.join('|')}">\n\n${tabs.join('\n')}\n</Tabs>`
  })
}

/**
 * The menu: the sections of the index with their links.
 * @param {Map<string, string>} pages
 * @returns {{ text: string, items: { text: string, link: string }[] }[]}
 */
export function menuOf(pages) {
  const index = readFileSync(join(root, INDEX), 'utf8')
  return index
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      text: section.slice(0, section.indexOf('\n')),
      items: [...section.matchAll(/\[([^\]]+)\]\((?![a-z]+:)([^)#]+)\)/g)].flatMap(([, text = '', target = '']) => {
        const page = pages.get(posix.join('docs', target))
        return page === undefined ? [] : [{ text: plain(text), link: addressOf(page) }]
      }),
    }))
}

/** @param {string} text */
function plain(text) {
  return text.replaceAll('`', '').replace(/\s+/g, ' ')
}

/**
 * As GitHub makes anchors, so that links work in the repository and on the site.
 * @param {string} title
 */
export function toAnchor(title) {
  return title
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-')
}
