import { readFileSync, writeFileSync } from 'node:fs'
import { parseRecipe, RecipeError } from '@sojourn/audit'
import { describe, expect, test } from 'vitest'
import { recipeJsonSchema } from '../../src/recipe/schema.ts'

const GOOD = `
target: http://localhost:3000
user: { name: alice, password: '\${env.AUDIT_PASSWORD}' }
login:
  - get: /login
    extract: { csrf: { field: _csrf } }
  - post: /login
    form: { user: '\${user}', password: '\${password}', _csrf: '\${csrf}' }
loggedIn: { get: /account, text: '\${user}' }
`

function problemsOf(source: string): readonly string[] {
  try {
    parseRecipe(source, 'app.yaml')
    return []
  } catch (error) {
    return error instanceof RecipeError ? error.problems : [String(error)]
  }
}

describe('a recipe', () => {
  test('is read from YAML', () => {
    expect(parseRecipe(GOOD).login).toHaveLength(2)
  })

  test('with an unknown key is refused at the place of the key', () => {
    expect(problemsOf(GOOD.replace('text:', 'txt:'))).toEqual(['app.yaml:9:28: loggedIn: unknown key: txt'])
  })

  test('with a step of no method is refused where the step begins', () => {
    expect(problemsOf(GOOD.replace('  - get: /login\n    extract', '  - extract'))).toEqual([
      'app.yaml:5:5: login[0]: needs exactly one of: get, post, put, patch, delete',
    ])
  })

  test('without what it needs says what, with all problems at once', () => {
    const problems = problemsOf('login: []\nloggedIn: { status: yes please }\n')
    expect(problems).toHaveLength(3)
    expect(problems[0]).toMatch(/^app\.yaml:1:1: login: /)
    expect(problems.slice(1).join('\n')).toMatch(/app\.yaml:2:\d+: loggedIn\.(get|status)/)
  })

  test('that is no YAML is refused where it breaks', () => {
    expect(problemsOf('login: [')[0]).toMatch(/^app\.yaml:1:\d+: /)
  })

  test('with an invalid regular expression is refused', () => {
    expect(problemsOf(GOOD.replace('field: _csrf', "regex: '('"))[0]).toContain('is not a regular expression')
  })
})

const FILE = new URL('../../schema/recipe.schema.json', import.meta.url)

test('the published schema is the one that recipes are checked with; UPDATE_SCHEMA=1 writes it', () => {
  if (process.env.UPDATE_SCHEMA === '1') writeFileSync(FILE, `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`)
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(recipeJsonSchema())
})
