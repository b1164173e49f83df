import { SessionError } from '../../core/contracts/errors.ts'

/**
 * Where a text begins to quote. An apostrophe within a word does not (`You can't write`), nor do the few fixed words that servers
 * put in quotation marks. Everything else in quotation marks may be an argument: a key, or a stored value.
 */
const UNQUOTED = /^(?:[^'"`‘’“”]|(?<=\p{L})['’](?=(?:t|s|re|ve|ll|d|m)\b)|'(?:maxmemory|maxmemory-policy|yes|no)')*/u

/** Longer texts contain lists. The longest message of a server about itself has about 350 characters. */
const LONGEST = 500

/** The form of an error's name or code. */
const WORD = /^[\w.$-]{1,80}$/

interface Told {
  readonly name?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly syscall?: unknown
  readonly errors?: unknown
  readonly cause?: unknown
}

/** A chain of causes may be a circle. */
const MAX_CAUSES = 3

/**
 * Makes a client's error safe to log: its name, its code, and its message up to the first quotation. Other properties are dropped
 * because clients attach whole commands there. Messages of the operating system are kept whole, because they quote only paths and
 * hosts. Its own cause is treated in the same way: `fetch failed` and `The client is offline` say nothing without it.
 */
export function toQuietCause(error: unknown, causes = 0): Error {
  const { name, message, code, syscall, errors, cause }: Told = Object(error)
  // Node tries each address of a host, and leaves the message of the whole empty.
  if (message === '' && Array.isArray(errors) && errors.length > 0) return toQuietCause(errors[0], causes)
  const text = typeof message === 'string' ? message : ''
  const hasCause = cause instanceof Error && causes < MAX_CAUSES
  const quiet = new Error(
    typeof syscall === 'string' ? text : untilQuoted(text),
    hasCause ? { cause: toQuietCause(cause, causes + 1) } : undefined,
  )
  quiet.name = typeof name === 'string' && WORD.test(name) ? name : 'Error'
  return typeof code === 'string' && WORD.test(code) ? Object.assign(quiet, { code }) : quiet
}

/** Returns the text up to the first quotation; `…` replaces the rest. */
export function untilQuoted(text: string): string {
  const [whole = ''] = UNQUOTED.exec(text) ?? []
  const kept = whole.slice(0, LONGEST)
  return kept.length === text.length ? kept : `${kept.trimEnd()} …`
}

const OUTAGES: readonly string[] = ['ERR_STORE', 'ERR_STORE_TIMEOUT', 'ERR_STORE_UNAVAILABLE']

/**
 * Whether the store did not answer. If it is full or closed, cannot store so much data, or holds a damaged record, it did answer.
 */
export function isOutage(error: unknown): boolean {
  return !(error instanceof SessionError) || OUTAGES.includes(error.code)
}

/**
 * Error codes of a package that is not installed, from `import` and `require` in Node, and from what webpack and Vite put in its
 * place. Optional packages are imported inside `try`, because bundlers tolerate a missing package only there.
 */
const CODES: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_UNKNOWN_BUILTIN_MODULE']
const VITE = /^Could not resolve/

/** Returns `null` if the module is not installed. Throws any other error. */
export function nothingIfMissing(error: unknown): null {
  const { code, message }: { code?: unknown; message?: unknown } = Object(error)
  if (CODES.includes(code) || VITE.test(String(message))) return null
  throw error
}
