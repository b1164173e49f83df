/** What is wrong with a built site: links to pages and headings that are not there, and pages without text. */
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { filesOf } from '../packages.mjs'

const LEAST_WORDS = 12

/** @param {string} dist */
export function faultsOfSite(dist) {
  const pages = new Map(filesOf(dist, '.html').map((file) => [file, toPage(readFileSync(join(dist, file), 'utf8'))]))
  /** @type {string[]} */
  const faults = pages.size === 0 ? [`${dist} has no pages`] : []
  for (const [file, { links, words }] of pages) {
    if (file === '404.html') continue
    const folder = file.replace(/\.html$/, '/')
    if (Array.from(pages.keys()).some((other) => other.startsWith(folder)))
      faults.push(`${file} lies beside the folder ${folder}, in which many servers look instead`)
    if (words < LEAST_WORDS) faults.push(`${file} is an empty page: ${words} words`)
    for (const link of links) {
      const [path = '', anchor = ''] = link.split('#')
      const target = path === '' ? file : toFile(posix.join('/', path.startsWith('/') ? '' : posix.dirname(file), path))
      const page = pages.get(target)
      if (page === undefined && !existsSync(join(dist, target)))
        faults.push(`${file} links to ${link}, which is not there`)
      else if (page !== undefined && anchor !== '' && !page.ids.has(decodeURIComponent(anchor)))
        faults.push(`${file} links to ${link}, and that page has no such heading`)
    }
  }
  return faults
}

/** @param {string} path */
function toFile(path) {
  const file = decodeURI(path).slice(1)
  if (file === '' || file.endsWith('/')) return `${file}index.html`
  return /\.\w+$/.test(file) ? file : `${file}.html`
}

/** @param {string} html */
function toPage(html) {
  const [, text = ''] = /<div[^>]* class="vp-doc[^"]*"[^>]*>([\s\S]*?)<\/main>/.exec(html) ?? [undefined, html]
  const plain = text.replace(/<(script|style)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ')
  return {
    ids: new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => toText(id))),
    links: new Set([...html.matchAll(/<a [^>]*?href="(?![a-z]+:)([^"]*)"/g)].map(([, link = '']) => toText(link))),
    words: plain.split(/\s+/).filter((word) => /\w/.test(word)).length,
  }
}

/** @param {string} text */
function toText(text) {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
}
