import { expect, test } from 'vitest'
import { madeUpLike } from '../../src/http/made-up.ts'

const different = (value: string): string => {
  const madeUp = madeUpLike(value)
  expect(madeUp).not.toBe(value)
  expect(madeUp).toHaveLength(value.length)
  return madeUp
}

test('a made-up id has the form of the real one, in other letters and digits', () => {
  expect(different('Abcdef-0123456789_XYZghijkl')).toMatch(/^[A-Z][a-z]{5}-\d{10}_[A-Z]{3}[a-z]{6}$/)
  expect(different('00ff00ff-00ff-00ff-00ff-00ff00ff00ff')).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
})

test('the marks of a format stay, so the server reads the made-up id as one of its own', () => {
  const signed = 's%3AeyJ4oxV32PLyL_RaSE_tVc-4LRW3p3tf.pmmjUfUCOs%2BP%2FyjoVTHNtgkwg4lLO3v0qm4QhSGJkdI'
  expect(different(signed)).toMatch(/^s%3A[\w-]{32}\.\w+%2B\w+%2F\w+$/)
  expect(different('v4.public0123456789abcdefghijklm')).toMatch(/^v4\./)
})
