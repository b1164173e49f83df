import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { adapterCases, carrierCases, storeCases } from '@sojourn/conformance'
import { errorCodes, SessionError } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { toLimits } from '../packages/sojourn/src/core/contracts/timeouts.ts'
import { pages, readPage, root } from './docs/snippets.ts'
import { tablesOf } from './docs/tables.ts'

function rowsOf(page: string, kind: string): readonly (readonly string[])[] {
  const table = tablesOf(page).find((found) => found.kind === kind)
  if (table === undefined) throw new Error(`${page} has no table marked ${kind}`)
  return table.rows
}

/** A page without its code. */
function proseOf(page: string): string {
  return readPage(page).replace(/^```[\s\S]*?^```$/gm, '')
}

describe('links', () => {
  /** As GitHub makes them: lower case, no punctuation, hyphens for blanks. */
  const anchorsOf = (page: string): readonly string[] =>
    [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replace(/\s/g, '-'),
    )

  test.each(pages())('%s leads nowhere that is not there', (page) => {
    const links = [...proseOf(page).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)].map(([, target = '']) => target)
    const dead = links.filter((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? page : posix.join(posix.dirname(page), decodeURI(file))
      if (!existsSync(root + target)) return true
      return anchor !== undefined && !anchorsOf(target).includes(anchor)
    })
    expect(dead).toEqual([])
  })
})

describe('tables', () => {
  test('errors: every code of the source and no other, with its status and text', () => {
    const shown = rowsOf('docs/reference/errors.md', 'errors').map(([code, status, text]) => [
      code,
      Number(status),
      text,
    ])
    expect(shown).toEqual(Object.entries(errorCodes).map(([code, entry]) => [code, ...entry]))
  })

  test('errors: no document names a code that does not exist', () => {
    const named = pages().flatMap((page) => readPage(page).match(/\bERR_[A-Z_]+\b/g) ?? [])
    expect(named.filter((code) => !Object.hasOwn(errorCodes, code))).toEqual([])
  })

  test('errors: every 503 says when to come again', () => {
    for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
      const { status, headers } = new SessionError(code)
      expect(headers).toEqual(status === 503 ? { 'retry-after': '1' } : {})
    }
  })

  test('presets: every one, with its limits', () => {
    const shown = rowsOf('docs/reference/timeouts.md', 'presets').map(([name, idle, absolute, renew]) => {
      const limits = toLimits({ idle, absolute, renew } as Parameters<typeof toLimits>[0])
      return [name, limits.idleMs, limits.absoluteMs, limits.renewMs]
    })
    for (const [name, ...limits] of shown) {
      const { idleMs, absoluteMs, renewMs } = toLimits(name as Parameters<typeof toLimits>[0])
      expect([name, ...limits]).toEqual([name, idleMs, absoluteMs, renewMs])
    }
    const names = [...messageOf(() => toLimits('none' as 'pci-dss')).matchAll(/"(.*?)"/g)]
    expect(shown.map(([name]) => name)).toEqual(names.map(([, name]) => name))
  })

  test('timeouts: the defaults are the ones of the source', () => {
    const rows = rowsOf('docs/reference/timeouts.md', 'members').filter(
      ([name]) => name !== 'preset' && name !== 'ceiling',
    )
    const given = Object.fromEntries(rows.map(([name = '', limit = '']) => [name, limit]))
    expect(toLimits(given as Parameters<typeof toLimits>[0])).toEqual(toLimits())
  })
})

describe('guarantees', () => {
  const rows = rowsOf('README.md', 'guarantees')
  const suites = [...storeCases, ...carrierCases, ...adapterCases]

  test('the README names those that cases are named after, and each has some', () => {
    const tested = new Set(suites.flatMap(({ guarantee }) => (guarantee === undefined ? [] : [guarantee])))
    expect(new Set(rows.map(([name]) => name))).toEqual(tested)
  })

  test.each(rows.map(([name = '', , tests = '']) => [name, tests] as const))(
    '%s: its links show tests of it',
    (name, tests) => {
      const constants = ['store', 'adapter']
        .map((suite) => readPage(`packages/conformance/src/${suite}/context.ts`))
        .join()
      const constant = new RegExp(`const (\\w+) = '${name}'`).exec(constants)?.[1] ?? name
      const files = [...tests.matchAll(/\]\(([^)]+)\)/g)].map(([, file = '']) => file)
      expect(files.length).toBeGreaterThan(0)
      for (const file of files) {
        const text = readFileSync(root + file, 'utf8')
        const number = name.split(' ', 1)[0]
        const isOfIt = text.includes(`guarantee: ${constant}`) || text.includes(`guarantee: '${name}'`)
        expect(isOfIt || new RegExp(`describe\\('${number} `).test(text), `${file} has no test of "${name}"`).toBe(true)
      }
    },
  )
})

describe('what weakens security', () => {
  test('the table of SECURITY.md lists every option that begins with insecure, and no other', () => {
    const sources = readdirSync(`${root}packages/sojourn/src`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(`${root}packages/sojourn/src/${file}`, 'utf8'))
    const declared = sources.flatMap((text) =>
      [...text.matchAll(/^ +readonly (insecure\w+)\?/gm)].map(([, name]) => name),
    )
    const shown = rowsOf('SECURITY.md', 'weakening').flatMap(([option = '']) => option.match(/\binsecure\w+/g) ?? [])
    expect([...new Set(shown)].sort()).toEqual([...new Set(declared)].sort())
  })
})

describe('decisions', () => {
  const records = readdirSync(`${root}docs/decisions`).sort()

  test('are numbered without a gap, and each has a context, a decision and consequences', () => {
    records.forEach((file, i) => {
      const text = readPage(`docs/decisions/${file}`)
      expect(file).toMatch(new RegExp(`^${String(i + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`))
      expect(text.startsWith(`# ${i + 1}. `), `${file} has its number in the title`).toBe(true)
      for (const part of ['Context', 'Decision', 'Consequences']) expect(text, file).toContain(`**${part}.**`)
    })
  })

  test('and every document of docs is in its index', () => {
    const index = readPage('docs/README.md')
    const documents = pages().filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
    expect(documents.filter((page) => !index.includes(`](${page.slice('docs/'.length)})`))).toEqual([])
  })
})

test('the README of the package names each entry point, and no other', () => {
  const { exports } = JSON.parse(readFileSync(`${root}packages/sojourn/package.json`, 'utf8'))
  const entries = Object.keys(exports).filter((name) => /^\.(?:\/[\w/-]+)?$/.test(name))
  const rows = [...readPage('packages/sojourn/README.md').matchAll(/^\| (`sojourn.*?) \|/gm)]
  const named = rows.flatMap(([, cell = '']) => {
    const [first = '', ...rest] = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
    const folder = entries.includes(first.replace('sojourn', '.')) ? first.split('/').slice(0, -1).join('/') : ''
    return [first, ...rest.map((name) => name.replace('...', /audit-log/.test(first) ? first : folder))]
  })
  expect(named.map((name) => name.replace('sojourn', '.')).sort()).toEqual(entries.sort())
})

test('the change log begins with the version of the packages', () => {
  const [, newest] = /^## (\S+)/m.exec(readPage('CHANGELOG.md')) ?? []
  for (const folder of ['sojourn', 'conformance']) {
    expect(JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8')).version).toBe(newest)
  }
})

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('did not throw')
}
