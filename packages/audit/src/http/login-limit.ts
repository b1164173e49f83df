import { type Exchange, headerOf } from './exchange.ts'

export interface Limit {
  /** A description of the answer to the login. */
  readonly answer: string
  /** The wait that it asks for, in ms. `null`: it names none. */
  readonly waitMs: number | null
}

const UNIT_MS = { second: 1000, minute: 60_000, hour: 3_600_000 } as const
const LONGEST_MS = 24 * UNIT_MS.hour

/**
 * Returns whether the answers to a login report too many logins. A refusal in other words counts as a limit only if the same
 * password has logged in before.
 */
export function limitIn(exchanges: readonly Exchange[], workedBefore: boolean): Limit | null {
  const told = exchanges.findLast(({ response }) => saysSo(response))
  const last = told ?? exchanges.findLast(({ request }) => request.method !== 'GET') ?? exchanges.at(-1)
  if (last?.response == null || (told === undefined && !(workedBefore && last.response.status < 500))) return null
  const answer = `answered ${last.response.status}`
  return { answer, waitMs: waitOf(last.response) ?? waitIn(exchanges.at(-1)?.response?.body ?? '') }
}

function saysSo(response: Exchange['response']): boolean {
  if (response === null) return false
  return response.status === 429 || (response.status >= 400 && headerOf(response, 'retry-after') !== null)
}

/** From `Retry-After`, in seconds or as a date, or from the text of the page. */
function waitOf(response: NonNullable<Exchange['response']>): number | null {
  const told = headerOf(response, 'retry-after')
  if (told === null) return waitIn(response.body)
  const ms = /^\d+$/.test(told.trim()) ? Number(told) * 1000 : Date.parse(told) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_MS) : null
}

/** "Try again in 12 minutes." */
function waitIn(body: string): number | null {
  const [, count, unit] = /\b(\d{1,4})\s*(second|minute|hour)s?\b/i.exec(body.replace(/<[^>]*>/g, ' ')) ?? []
  if (count === undefined || unit === undefined) return null
  return Math.min(Number(count) * UNIT_MS[unit.toLowerCase() as keyof typeof UNIT_MS], LONGEST_MS)
}

/** "14 min", "40 s" */
export const timeOf = (ms: number): string => (ms >= 90_000 ? `${minutes(ms)} min` : `${Math.ceil(ms / 1000)} s`)

/** In the form of the command line. */
export const optionOf = (ms: number): string => (ms >= 90_000 ? `${minutes(ms) + 1}m` : `${Math.ceil(ms / 1000) + 1}s`)

const minutes = (ms: number) => Math.ceil(ms / 60_000)
