import { describe, expect, test } from 'vitest'
import { errorCodes, SessionError, type SessionErrorCode } from '../../src/core/contracts/errors.ts'
import { resilientStore } from '../../src/stores/around/resilient.ts'
import { isOutage } from '../../src/stores/kit/driver-errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { aRecord } from './records.ts'

test('an outage is what waiting may cure in the store itself; every other code is an answer', () => {
  const outages = Object.keys(errorCodes).filter((code) => isOutage(new SessionError(code as SessionErrorCode)))
  expect(outages).toEqual(['ERR_STORE', 'ERR_STORE_TIMEOUT', 'ERR_STORE_UNAVAILABLE'])
  expect(isOutage(new Error('of a driver'))).toBe(true)
})

describe("errors that one user's session causes do not affect other users", () => {
  test.each(['ERR_DATA_TOO_LARGE', 'ERR_RECORD_DAMAGED', 'ERR_STORE_FULL'] as const)(
    '%s, sixty times in a row, opens no circuit breaker',
    async (code) => {
      const memory = memoryStore()
      const record = aRecord()
      await memory.create(record)
      const store = resilientStore({
        ...memory,
        write: () => Promise.reject(new SessionError(code)),
      })
      for (let tries = 0; tries < 60; tries++) {
        await expect(store.write(record.id, { set: { a: '1' } })).rejects.toMatchObject({ code })
        expect(await store.read(record.id)).toEqual(record)
      }
    },
  )

  test('too much data is 413, without Retry-After', () => {
    expect(new SessionError('ERR_DATA_TOO_LARGE')).toMatchObject({ status: 413, headers: {} })
    expect(new SessionError('ERR_RECORD_DAMAGED')).toMatchObject({ status: 500, headers: {} })
  })
})
