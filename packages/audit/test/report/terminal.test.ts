import { expect, test } from 'vitest'
import { toTerminal } from '../../src/report/terminal.ts'
import { sampleReport } from './sample.ts'

test('the reason for a missing verdict is shown in full, however narrow the terminal is', () => {
  const why = 'The answer was neither this nor that, and so nothing follows from it '.repeat(4).trim()
  for (const width of [60, 100, 200]) {
    const lines = toTerminal(sampleReport(why), { color: false, width }).split('\n')
    const at = lines.findIndex((line) => line.includes('refresh after logout'))
    const told = [lines[at]?.slice(44), ...lines.slice(at + 1)].slice(0, 12)
    const end = told.findIndex((line, i) => i > 0 && !line?.startsWith(' '.repeat(44)))
    expect(
      told
        .slice(0, end)
        .map((line) => line?.trim())
        .join(' '),
    ).toContain(`It was answered ${why}.`)
    expect(told.slice(1, end).every((line) => (line ?? '').length <= Math.max(width, 86))).toBe(true)
  }
})

test.each([
  ['Secure: not set', 'Cookie sid, Secure: not set.', 'Secure: not set'],
  ['Not measured', 'Not measured (--patience does).', 'Not measured (--patience does).'],
  ['No clear answer', 'The server gave none.', 'No clear answer: The server gave none.'],
])('and once, not in the title and again: %s', (title, detail, told) => {
  const report = sampleReport('none')
  const results = report.results.slice(0, 1).map((result) => ({
    ...result,
    findings: [
      { verdict: 'cannot-judge' as const, about: 'check', title, detail, fingerprint: 'a/b', accepted: false },
    ],
  }))
  const lines = toTerminal({ ...report, results }, { color: false, width: 160 }).split('\n')
  expect(lines.filter((line) => line.endsWith(` ${told}`)).map((line) => line.slice(44))).toEqual([told])
})
