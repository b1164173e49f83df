import { SessionError } from '../core/contracts/errors.ts'

const OUTAGES: readonly string[] = ['ERR_STORE', 'ERR_STORE_TIMEOUT', 'ERR_STORE_UNAVAILABLE']

/**
 * Whether the store did not answer. If it is full or closed, cannot store so much data, or holds a damaged record, it did answer.
 */
export function isOutage(error: unknown): boolean {
  return !(error instanceof SessionError) || OUTAGES.includes(error.code)
}
