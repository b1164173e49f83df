import { describe, expect, test } from 'vitest'
import { pageProblems } from '../tools/checks/conformance.mjs'
import { blocks, withBlock } from '../tools/conformance/blocks.mjs'
import { requirementsOf, testsOf } from '../tools/conformance/pages.mjs'
import { STANDARDS } from '../tools/conformance/standards.mjs'
import { isTitle, titlesOf } from '../tools/conformance/titles.mjs'

const HEAD = '<!-- requirements -->\n| requirement | verdict | how | your part | tests |\n|---|---|---|---|---|\n'
const FILE = 'packages/sojourn/test/core/x.test.ts'
const LINK = '../../packages/sojourn/test/core/x.test.ts'
const TEST = `[group › works](${LINK})`
const GOOD = `| **1.1** (level 2): a thing | met | so | | ${TEST} |\n`

/** What is wrong with a page of these rows, for a standard with the requirements 1.1, 1.2 and 1.3. */
function problems(rows: string, all: readonly string[] = ['1.1'], source = "describe('group', () => test('works'))") {
  return pageProblems(HEAD + rows, all, (file) => (file === FILE ? source : null))
}

describe('a page', () => {
  test('that is complete has no problem', () => {
    expect(problems(GOOD)).toEqual([])
    expect(problems('| **1.1 to 1.3**: things | does not apply | why | | |\n', ['1.1', '1.2', '1.3'])).toEqual([])
  })

  test.each<[flaw: string, rows: string, problem: RegExp]>([
    ['a requirement without a row', GOOD, /^no row for 1\.2$/],
    ['a requirement with two rows', GOOD + GOOD, /^more than one row for 1\.1$/],
    ['a number that the standard does not have', GOOD.replace('1.1', '9.9'), /9\.9: the standard has no such number$/],
    ['a range in the wrong order', GOOD.replace('1.1', '1.2 to 1.1'), /the standard has no such number$/],
    ['a row without a number', GOOD.replace('**1.1**', '1.1'), /a row has five cells/],
    ['a row with a cell less', '| **1.1**: a thing | met | so | |\n', /a row has five cells/],
    ['no text of the requirement', GOOD.replace(': a thing', ''), /does not say what is required/],
    [
      'an invented verdict',
      GOOD.replace('| met |', '| mostly met |'),
      /the verdict "mostly met" is none of met, if used/,
    ],
    ['nothing about how', GOOD.replace('| so |', '| |'), /does not say how/],
    ['a claim without a test', GOOD.replace(TEST, ''), /"met" needs a test$/],
    [
      'a duty without a word about it',
      '| **1.1**: a thing | application | so | | |\n',
      /"application" needs what remains/,
    ],
    ['an open point without what to do', '| **1.1**: a thing | not yet | so | | |\n', /"not yet" needs what remains/],
    ['prose in the place of tests', GOOD.replace(TEST, `${TEST} and others`), /something other than tests/],
    ['a test that does not exist', GOOD.replace('works', 'works well'), /has no test "group › works well"$/],
    ['a test under another group', GOOD.replace('group', 'troupe'), /has no test "troupe › works"$/],
    ['a test without its group', GOOD.replace('group › works', 'works'), /has no test "works"$/],
    [
      'a file that does not exist',
      GOOD.replace('x.test', 'gone.test'),
      /gone\.test\.ts has no tests, or is not there$/,
    ],
    ['a file that is no test', GOOD.replace('x.test.ts', 'x.ts'), /x\.ts has no tests, or is not there$/],
  ])('with %s is refused', (_, rows, problem) => {
    expect(problems(rows, ['1.1', '1.2'])).toContainEqual(expect.stringMatching(problem))
  })

  test('names the line of a problem', () => {
    expect(problems(GOOD + GOOD.replaceAll('1.1', '1.2').replace('so', ''), ['1.1', '1.2'])).toEqual([
      'line 5, 1.2: the row does not say how, or why not',
    ])
  })

  test('names a test that is switched off in vain', () => {
    for (const off of ['skip', 'todo', 'fails']) {
      expect(problems(GOOD, ['1.1'], `describe('group', () => test.${off}('works'))`)).toHaveLength(1)
      expect(problems(GOOD, ['1.1'], `describe.${off}('group', () => test('works'))`)).toHaveLength(1)
    }
  })
})

describe('the titles of a file', () => {
  const has = (source: string, name: string) => isTitle(name, titlesOf('x.test.ts', source))

  test('are found in groups, and in groups of groups', () => {
    const source =
      "describe('a', () => { describe(`b`, () => { it('c', () => {}) }); test('d', () => {}) }); test('e', f)"
    expect(titlesOf('x.test.ts', source).map(({ title }) => title)).toEqual(['a › b › c', 'a › d', 'e'])
  })

  test.each<[what: string, source: string, names: readonly string[], strangers: readonly string[]]>([
    ['a list', "test.each(['x', 'y'] as const)('of %s', f)", ['of x', 'of %s'], ['of z', 'of ']],
    ['a list of lists', "it.each<[a: string, b: number]>([['x', 1]])('%s: %d', f)", ['x: 1'], ['x: 2']],
    ['objects', "test.each([{ a: 'x' }, { a: 'y' }])('is $a', f)", ['is y'], ['is z']],
    ['a constant', "const ROWS = ['x']\ntest.each(ROWS)('of %s', f)", ['of x'], ['of y']],
    ['the keys of an object', "const O = { x: 1 }\ntest.each(Object.keys(O))('of %s', f)", ['of x'], ['of y']],
    ['entries', "const O: T = { 'x y': 1 }\ntest.each(Object.entries(O))('%s', f)", ['x y'], ['y']],
    ['a group', "describe.each(['x'])('%s', () => { test('works', f) })", ['x › works'], ['y › works', 'works']],
    ['two placeholders of a shorter row', "test.each(['x'])('%s and %s', f)", ['%s and %s'], ['x and y']],
    ['a percent sign', "test.each(['x'])('100 %% of %s', f)", ['100 % of x'], ['100 %% of y']],
    ['skipIf', "test.skipIf(isLeftOut).each(['x'])('of %s', f)", ['of x'], ['of y']],
    [
      'a table from elsewhere',
      "test.each(rows)('a title with %s in it', f)",
      ['a title with 5 in it'],
      ['a title of 5'],
    ],
    ['a title of placeholders only', "test.each(rows)('%s: %s', f)", ['%s: %s'], ['x: y']],
    [
      'a template',
      'test(`counted on ' + '$' + '{store} by hand`, f)',
      ['counted on redis by hand'],
      ['counted on redis'],
    ],
    ['other calls', "expect('a', 'test').toBe(1); latest('b', f); foo.test('c', f)", [], ['a', 'b', 'c']],
  ])('of %s are resolved', (_, source, names, strangers) => {
    for (const name of names) expect([name, has(source, name)]).toEqual([name, true])
    for (const name of strangers) expect([name, has(source, name)]).toEqual([name, false])
  })
})

test('the cases of the conformance suites have titles, and other objects with a name have none', () => {
  const source = "export const cases = [{ name: 'a case', run }]"
  expect(titlesOf('packages/conformance/src/store/x-cases.ts', source)).toEqual([{ form: 'a case', title: 'a case' }])
  expect(titlesOf(FILE, source)).toEqual([])
})

describe('the lists of requirements', () => {
  test.each(STANDARDS.map(({ page, requirements }) => [page, requirements] as const))('%s: none twice', (_, all) => {
    expect(all).toEqual([...new Set(all)])
  })

  test('ranges are resolved in the order of the standard', () => {
    expect(requirementsOf('b to c', ['a', 'b', 'c', 'd'])).toEqual(['b', 'c'])
    expect(requirementsOf('b', ['a', 'b'])).toEqual(['b'])
    expect(requirementsOf('x to b', ['a', 'b'])).toBeNull()
  })

  test('ASVS has its number of requirements in each section', () => {
    const asvs = STANDARDS.find(({ page }) => page === 'asvs')?.requirements ?? []
    const count = (section: string) => asvs.filter((id) => id.startsWith(`${section}.`)).length
    const sections = ['3.3', '3.5', '4.4', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6', '9.1', '9.2', '10.4']
    expect(sections.map(count)).toEqual([5, 8, 4, 3, 4, 2, 5, 3, 2, 3, 4, 16])
  })
})

test('names of tests are read as they are written in Markdown', () => {
  expect(testsOf('')).toEqual([])
  expect(testsOf('[a \\[b\\] \\| \\`c\\` \\_d\\_](e.test.ts)<br>[f (g)](h.test.ts)')).toEqual([
    { name: 'a [b] | `c` _d_', link: 'e.test.ts' },
    { name: 'f (g)', link: 'h.test.ts' },
  ])
  expect(testsOf('see the tests')).toBeNull()
})

test('a document shows the table that is made from the pages, and no other', () => {
  const document = 'before\n<!-- conformance: x -->\n| old |\n<!-- end of conformance -->\nafter\n'
  expect(withBlock(document, '| new |\n')).toBe(document.replace('old', 'new'))
  const [security, overview] = blocks()
  expect(security?.text).toContain('| **7.2.4** (level 1): ')
  expect(security?.text).not.toMatch(/\]\(\.\.\//)
  expect(overview?.text.split('\n').length).toBe(STANDARDS.length + 3)
})
