import { SessionError } from '../core/contracts/errors.ts'

const OUTAGES: readonly string[] = ['ERR_STORE', 'ERR_STORE_TIMEOUT', 'ERR_STORE_UNAVAILABLE']

/** Whether the store did not answer. That it is full, is closed, cannot take so much data, or holds a damaged record, is an answer. */
export function isOutage(error: unknown): boolean {
  return !(error instanceof SessionError) || OUTAGES.includes(error.code)
}
