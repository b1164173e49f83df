import { describe, expect, test } from 'vitest'
import { attackProblems } from '../tools/checks/attacks.mjs'

const FILE = 'examples/shop/test/x.test.ts'
const ROW = `| a thief | uses it | [the attack fails](${FILE}) |`

/** What is wrong with a SECURITY.md of one attacker and these attacks. */
function problems(rows: string, source = "test('the attack fails')"): string[] {
  const attackers = '<!-- attackers -->\n| attacker | has |\n|---|---|\n| a thief | a cookie |\n'
  const attacks = `<!-- attacks -->\n| attacker | attack | tests |\n|---|---|---|\n${rows}\n\ntext`
  return attackProblems(`${attackers}\n${attacks}`, (file) => (file === FILE ? source : null))
}

describe('the attacks of SECURITY.md', () => {
  test('with a test for each attack have no problem', () => {
    expect(problems(ROW)).toEqual([])
  })

  test.each<[flaw: string, rows: string, problem: string]>([
    ['an attack without a test', '| a thief | uses it | |', 'uses it: names no test'],
    ['a test that does not exist', ROW.replace('fails', 'works'), `uses it: ${FILE} has no test "the attack works"`],
    [
      'a file that does not exist',
      ROW.replace('x.test', 'y.test'),
      `uses it: ${FILE.replace('x.', 'y.')} has no tests, or is not there`,
    ],
    ['an attacker without an attack', ROW.replace('a thief', 'a spy'), 'no attack of "a thief"'],
    ['an attack of nobody', ROW.replace('a thief', 'a spy'), 'uses it: "a spy" is none of the attackers'],
    ['no row at all', '', 'no attack of "a thief"'],
  ])('with %s are refused', (_, rows, problem) => {
    expect(problems(rows)).toContain(problem)
  })

  test('with a test that is switched off are refused', () => {
    expect(problems(ROW, "test.skip('the attack fails')")).toHaveLength(1)
  })

  test('are refused if the tables are not found', () => {
    expect(attackProblems('', () => null)).toEqual(['there is no table of attackers'])
  })
})
