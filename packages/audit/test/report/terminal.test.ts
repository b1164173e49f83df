import { expect, test } from 'vitest'
import { toTerminal } from '../../src/report/terminal.ts'
import { sampleReport } from './sample.ts'

test('why nothing can be said is told in full, however narrow the terminal is', () => {
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
