import { createLostTests, readFromRoot } from '../conformance/lost-tests.mjs'

/** @typedef {import('../conformance/lost-tests.mjs').Reader} Reader */

const FILE = 'SECURITY.md'

/**
 * The rows of the table below a comment, without its head.
 * @param {string} text
 * @param {string} comment
 * @returns {string[][]}
 */
function rowsBelow(text, comment) {
  const [, below = ''] = text.split(`<!-- ${comment} -->\n`)
  const [table = ''] = below.split(/\n(?!\|)/)
  const lines = table.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/**
 * Attackers without an attack, attacks of nobody, attacks without a test, and tests that do not exist.
 * @param {string} text of SECURITY.md
 * @param {Reader} read
 * @returns {string[]}
 */
export function attackProblems(text, read) {
  const attackers = rowsBelow(text, 'attackers').map(([attacker = '']) => attacker)
  const attacks = rowsBelow(text, 'attacks')
  const lostTests = createLostTests(read)
  if (attackers.length === 0) return ['there is no table of attackers']
  return [
    ...attackers
      .filter((attacker) => !attacks.some(([by]) => by === attacker))
      .map((attacker) => `no attack of "${attacker}"`),
    ...attacks.flatMap(([by = '', attack = '', tests = '']) => {
      const problems = attackers.includes(by) ? [] : [`"${by}" is none of the attackers`]
      if (tests === '') problems.push('names no test')
      return [...problems, ...lostTests(tests, '.')].map((problem) => `${attack}: ${problem}`)
    }),
  ]
}

/** Each attacker of SECURITY.md has attacks, and each attack names tests that exist. */
export function checkAttacks() {
  return attackProblems(readFromRoot(FILE) ?? '', readFromRoot).map((problem) => `${FILE}: ${problem}`)
}
