import { expect, it, vi } from 'vitest'
import { toTiming } from '../../../src/stores/around/wrapper.ts'

it('a wait of sixty days does not end at once, although a timer holds 24.8 days', () => {
  vi.useFakeTimers()
  const callback = vi.fn()
  const cancel = toTiming().after(60 * 86_400_000, callback)
  vi.advanceTimersByTime(86_400_000)
  expect(callback).not.toHaveBeenCalled()
  cancel()
  vi.useRealTimers()
})
