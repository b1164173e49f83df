import { errorCodes, SessionError } from 'sojourn'
import { describe, expect, it } from 'vitest'

describe('errors', () => {
  it.each(Object.entries(errorCodes))('%s has a status and a sentence', (code, [status, summary]) => {
    const error = new SessionError(code as keyof typeof errorCodes)
    expect(error).toMatchObject({ name: 'SessionError', code, status, message: summary })
    expect(error).toBeInstanceOf(Error)
    expect([400, 401, 403, 413, 500, 503]).toContain(status)
    expect(summary).toMatch(/^[A-Z].*\.$/)
    expect(error.headers).toEqual(status === 503 ? { 'retry-after': '1' } : {})
    expect((error as unknown as { statusCode: number }).statusCode).toBe(status)
    expect('cause' in error).toBe(false)
  })

  it('are these: a code never goes away', () => {
    expect(Object.fromEntries(Object.entries(errorCodes).map(([code, [status]]) => [code, status]))).toEqual({
      ERR_OPTION: 500,
      ERR_MISUSE: 500,
      ERR_CLOSED: 500,
      ERR_DATA_NOT_JSON: 500,
      ERR_DATA_TOO_LARGE: 413,
      ERR_DATA_INVALID: 500,
      ERR_HEADERS_SENT: 500,
      ERR_NO_HEADERS: 500,
      ERR_NO_SESSION: 500,
      ERR_LOGIN_REFUSED: 403,
      ERR_DENIED: 403,
      ERR_NOT_AUTHENTICATED: 401,
      ERR_TOO_MANY_TOKENS: 400,
      ERR_SESSION_ENDED: 401,
      ERR_RECORD_DAMAGED: 500,
      ERR_VOUCHED: 500,
      ERR_GUARD: 503,
      ERR_CARRIER: 503,
      ERR_EVENTS: 500,
      ERR_CONTENTION: 503,
      ERR_UNSUPPORTED: 500,
      ERR_STORE: 503,
      ERR_STORE_FULL: 503,
      ERR_STORE_TIMEOUT: 503,
      ERR_STORE_UNAVAILABLE: 503,
    })
  })

  it('say what happened, then the detail; the cause stays apart', () => {
    const cause = new Error('password=hunter2')
    const error = new SessionError('ERR_STORE', 'redis failed to read.', cause)
    expect(error.message).toBe('The session store could not answer. redis failed to read.')
    expect(error.cause).toBe(cause)
  })
})
