import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newFolder } from '../packages/sojourn/test/support/servers/program.ts'
import { faultsOfSite } from '../tools/docs/faults.mjs'
import { pagesOfSite, toSiteText } from '../tools/docs/pages.mjs'
import { readPage } from './docs/snippets.ts'

/** A built site with these pages, each with enough words unless it says otherwise. */
async function siteOf(pages: Readonly<Record<string, string>>): Promise<string> {
  const folder = await newFolder('site')
  for (const [file, body] of Object.entries(pages)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    const words = body === '' ? '' : 'one two three four five six seven eight nine ten eleven twelve '
    writeFileSync(join(folder, file), `<main><div class="vp-doc"><h2 id="top">${words}</h2>${body}</div></main>`)
  }
  return folder
}

describe('the check of the documentation site', () => {
  test('passes pages whose links lead somewhere', async () => {
    const guide =
      '<a href="/">home</a> <a href="../index#top">up</a> <a href="#top">here</a> <a href="https://x.example">x</a>'
    expect(
      faultsOfSite(await siteOf({ 'index.html': '<a href="/guide/app">guide</a>', 'guide/app.html': guide })),
    ).toEqual([])
  })

  test('reports a link to a page, a heading and a file that are not there', async () => {
    const links = '<a href="/gone">1</a> <a href="#nowhere">2</a> <a href="/files/gone.txt">3</a>'
    expect(faultsOfSite(await siteOf({ 'index.html': links }))).toEqual([
      'index.html links to /gone, which is not there',
      'index.html links to #nowhere, and that page has no such heading',
      'index.html links to /files/gone.txt, which is not there',
    ])
  })

  test('reports a page beside a folder of its name', async () => {
    expect(faultsOfSite(await siteOf({ 'api/sojourn.html': 'x', 'api/sojourn/stores.html': 'x' }))).toEqual([
      'api/sojourn.html lies beside the folder api/sojourn/, in which many servers look instead',
    ])
  })

  test('reports an empty page, and a site without pages', async () => {
    expect(faultsOfSite(await siteOf({ 'index.html': '' }))).toEqual(['index.html is an empty page: 0 words'])
    expect(faultsOfSite(await siteOf({}))).toEqual([expect.stringContaining('has no pages')])
  })
})

test('the sections of every framework become tabs, and links lead to pages of the site', () => {
  const attached: string[] = []
  const text = toSiteText('docs/guide/other-frameworks.md', pagesOfSite(), (file) => attached.push(file))
  expect(text).toContain('<Tabs names="Express|Fastify|Hono|Koa|fetch|node:http|Connect">')
  expect(text.match(/<Tab name="[^"]+">\n\n## /g)).toHaveLength(7)
  expect(text).toContain('](/guide/first-app#the-sessions)')
  expect(attached).toEqual([])
})

test('tabs may be made of headings of any level', () => {
  const text = toSiteText('docs/how-to/ask-for-proof-again.md', pagesOfSite(), () => {})
  expect(text).toContain('<Tabs names="Fastify|Hono|fetch|node:http and Connect">')
  expect(text.match(/<Tab name="[^"]+">\n\n### /g)).toHaveLength(4)
})

describe('the page about capacity', () => {
  const scale = new Map(
    [...readPage('bench/README.md').matchAll(/^\| (lmdb|redis|postgres) \| 1,000,000 \|(.*)\|$/gm)].map(
      ([, store = '', cells = '']) => [store, cells.split('|').map((cell) => Number.parseFloat(cell))],
    ),
  )
  const rows = [...readPage('docs/how-to/plan-capacity.md').matchAll(/^\| (LMDB|Redis|PostgreSQL) \|(.*)\|$/gm)]
  const names: Readonly<Record<string, string>> = { LMDB: 'lmdb', Redis: 'redis', PostgreSQL: 'postgres' }

  /** Within a third, so that another run of the benchmark does not fail the test, and another order of magnitude does. */
  const isNear = (shown: number, measured: number): boolean =>
    Math.abs(shown - measured) <= Math.max(measured / 3, 0.01)

  test('shows figures that were measured', () => {
    expect(rows).toHaveLength(6)
    for (const [, name = '', cells = ''] of rows) {
      const shown = cells.split('|').map((cell) => Number.parseFloat(cell))
      const [list = 0, end = 0, read = 0, , , bytes = 0] = scale.get(names[name] ?? '') ?? []
      const measured = shown.length === 2 ? [bytes, bytes / 1000] : [read, list, end]
      shown.forEach((figure, i) => {
        expect(isNear(figure, measured[i] ?? 0), `${name}: ${figure}, measured ${measured[i]}`).toBe(true)
      })
    }
  })
})
