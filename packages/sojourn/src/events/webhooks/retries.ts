import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'

/** How a message is tried again, in the options of everything that sends messages. */
export interface RetryOptions {
  readonly attempts?: number
  readonly firstRetry?: Duration
  readonly longestRetry?: Duration
  readonly maxWaiting?: number
}

export interface Retries {
  readonly attempts: number
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  readonly maxWaiting: number
}

export function toRetries(options: RetryOptions, where: string): Retries {
  return {
    attempts: demandCount(options.attempts ?? 8, `${where}: attempts`),
    firstRetryMs: toMs(options.firstRetry ?? '5s', `${where}: firstRetry`),
    longestRetryMs: toMs(options.longestRetry ?? '6h', `${where}: longestRetry`),
    maxWaiting: demandCount(options.maxWaiting ?? 1000, `${where}: maxWaiting`),
  }
}

export function demandCount(value: number, what: string): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new SessionError('ERR_OPTION', `${what} must be a whole number from 1.`)
}
