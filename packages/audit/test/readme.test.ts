import { readFileSync } from 'node:fs'
import { checks, parseRecipe } from '@sojourn/audit'
import { expect, test } from 'vitest'
import { USAGE } from '../src/cli/options.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('the README lists the checks there are, in their order', () => {
  const listed = [...readme.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id)
  expect(listed).toEqual(checks.map(({ id }) => id))
})

test('the recipe in the README is one', () => {
  const [, recipe = ''] = /```yaml\n(# yaml-language-server[\s\S]*?)```/.exec(readme) ?? []
  expect(Object.keys(parseRecipe(recipe, 'README.md'))).toContain('puzzles')
})

test('every option that the README names is one', () => {
  const named = new Set(readme.match(/(?<![\w-])--[a-z][a-z-]+/g))
  expect([...named].filter((option) => !USAGE.includes(option))).toEqual([])
})

test('every check has its facts', () => {
  for (const check of checks) {
    expect(check.id).toMatch(/^[a-z-]+$/)
    expect(check.wstg.length + check.asvs.length).toBeGreaterThan(0)
    for (const text of [check.title, check.proves, check.cannotProve, check.why, check.fix.text])
      expect(text).not.toBe('')
  }
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length)
})

test('each of OWASP’s session tests has a check', () => {
  const covered = new Set(checks.flatMap(({ wstg }) => wstg))
  for (let i = 1; i <= 11; i++) expect(covered).toContain(`WSTG-SESS-${String(i).padStart(2, '0')}`)
})
