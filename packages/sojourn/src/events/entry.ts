import { SessionError } from '../core/contracts/errors.ts'
import type { RequestFacts, SessionEvent } from '../core/contracts/events.ts'
import type { JsonValue } from '../core/contracts/json.ts'
import { addressOf } from '../guards/device.ts'

/** How much of a client's address is kept: its network (/24, /48), all of it, or nothing. */
export type AddressForm = 'short' | 'full' | 'none'

export type Fields = Record<string, JsonValue>

/**
 * An event as JSON that may be kept or sent elsewhere: bounded in size, with the address in the given form, and without the
 * messages of foreign errors, because a driver may quote what it was given.
 */
export function toFields(event: SessionEvent, address: AddressForm): Fields {
  const { type, at, request, ...own } = event
  return { type, ...toSafe(own), request: request && toRequest(request, address) }
}

function toRequest({ address, ...facts }: RequestFacts, form: AddressForm): Fields {
  const short = form === 'none' || address === null ? null : addressOf(address, form === 'short')
  return { ...toSafe(facts), address: short }
}

/** Any value of the application as bounded JSON. */
export function toSafe(fields: object): Fields {
  return safeObject(fields, 0)
}

const MAX_DEPTH = 4
const MAX_ITEMS = 50
const MAX_CHARACTERS = 1000

function safeObject(value: object, depth: number): Fields {
  const entries = Object.entries(value)
    .slice(0, MAX_ITEMS)
    .filter(([, each]) => each !== undefined)
    .map(([key, each]) => [
      shorten(key),
      NAMES.includes(key) && typeof each === 'string' ? shorten(each) : safe(each, depth + 1),
    ])
  return Object.fromEntries(entries) as Fields
}

function safe(value: unknown, depth: number): JsonValue {
  if (typeof value === 'string') return withoutTokens(shorten(value))
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'boolean' || value === null) return value
  if (value instanceof Date) return toIso(value)
  if (value instanceof Error) return toError(value)
  if (typeof value !== 'object' || depth > MAX_DEPTH) return null
  return Array.isArray(value)
    ? value.slice(0, MAX_ITEMS).map((each) => safe(each, depth + 1))
    : safeObject(value, depth)
}

/** Fields that name a session or a user. A user id may look like a token, for example if it is a hash. */
const NAMES = ['id', 'userId', 'replaced']

/** The length of the shortest token. A client can put any text into a path or a host, a token too. */
const LOOKS_LIKE_A_TOKEN = /[\w-]{54,}/g

function withoutTokens(text: string): string {
  return text.replace(LOOKS_LIKE_A_TOKEN, '[removed]')
}

function shorten(text: string): string {
  // Not within a character of two UTF-16 units.
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS).replace(/[\ud800-\udbff]$/, '')}…`
}

/** A clock of the application can return something that is no time. */
export function toIso(date: Date): string | null {
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

const WORD = /^[\w.$-]{1,80}$/
const MAX_CAUSES = 5

/** Only our own errors keep their message. An error of a driver may have a getter that throws. */
function toError(error: Error, causes = 0): Fields {
  try {
    const { name, code, cause } = error as Error & { code?: unknown }
    return {
      name: toWord(name),
      code: toWord(code),
      ...(error instanceof SessionError && { message: withoutTokens(shorten(error.message)) }),
      ...(cause instanceof Error && causes < MAX_CAUSES && { cause: toError(cause, causes + 1) }),
    }
  } catch {
    return {}
  }
}

function toWord(value: unknown): string | null {
  return typeof value === 'string' && WORD.test(value) ? value : null
}
