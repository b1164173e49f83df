import { expect, test, vi } from 'vitest'
import { interrupts } from '../../src/cli/terminal-io.ts'

test('one Ctrl-C that arrives twice does not cut off putting the password back; a second one ends at once', () => {
  let time = 0
  const [work, now] = [vi.fn(), vi.fn()]
  const take = interrupts(work, now, () => time)
  take()
  time = 20
  take()
  expect([work, now].map((calls) => calls.mock.calls.length)).toEqual([1, 0])
  time = 5000
  take()
  expect([work, now].map((calls) => calls.mock.calls.length)).toEqual([1, 1])
})
