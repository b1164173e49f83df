/**
 * All errors of Sojourn, as `code: [HTTP status, text]`. The meaning of a code never changes; the text may.
 * A failure that a client causes is not an error but a value (`session.refused`, an `Answer`).
 */
const ERRORS = {
  ERR_OPTION: [500, 'An option is wrong.'],
  ERR_MISUSE: [500, 'The session was used in a way that cannot work.'],
  ERR_CLOSED: [500, 'These sessions were closed.'],
  ERR_DATA_NOT_JSON: [500, 'Session data must be JSON.'],
  ERR_DATA_TOO_LARGE: [413, 'Session data is too large for its store.'],
  ERR_DATA_INVALID: [500, 'Session data does not fit its schema.'],
  ERR_HEADERS_SENT: [500, 'The response has begun, so no token can travel with it any more.'],
  ERR_NO_HEADERS: [500, 'This response cannot set a header, so no token can travel with it.'],
  ERR_NO_SESSION: [500, 'This request has no session.'],
  ERR_LOGIN_REFUSED: [403, 'A guard refused the login.'],
  ERR_DENIED: [403, 'A guard refused the request.'],
  ERR_NOT_AUTHENTICATED: [401, 'Nobody is logged in on this session.'],
  ERR_TOO_MANY_TOKENS: [400, 'The client sent more session tokens than Sojourn reads.'],
  ERR_SESSION_ENDED: [401, 'The session ended while this request ran.'],
  ERR_UNSUPPORTED: [500, 'The session store cannot do this.'],
  ERR_RECORD_DAMAGED: [500, 'A stored session cannot be read.'],
  ERR_VOUCHED: [500, 'The client presents no token of this session. A carrier vouches for it.'],
  ERR_GUARD: [503, 'A guard could not decide.'],
  ERR_CARRIER: [503, 'A carrier could not judge what the client presents.'],
  ERR_EVENTS: [500, 'Events did not arrive.'],
  ERR_CONTENTION: [503, 'Too many writers changed the same key at once.'],
  ERR_STORE: [503, 'The session store could not answer.'],
  ERR_STORE_FULL: [503, 'The session store is full.'],
  ERR_STORE_TIMEOUT: [503, 'The session store did not answer in time.'],
  ERR_STORE_UNAVAILABLE: [503, 'The session store failed or is busy, and was not called.'],
} as const

export type SessionErrorCode = keyof typeof ERRORS

/** The whole table, for documentation and adapters. */
export const errorCodes: Readonly<Record<SessionErrorCode, readonly [status: number, summary: string]>> = ERRORS

/**
 * The one class of errors that Sojourn throws, for misuse and faults. `code` is stable. `status` is the status that an HTTP
 * adapter answers with. `message` never contains a token, key, cookie or stored value. `cause` is the driver's own error.
 */
export class SessionError extends Error {
  readonly code: SessionErrorCode
  readonly status: number
  /** Headers for the error response: `retry-after` if `status` is 503, because waiting can help; else none. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: SessionErrorCode, detail = '', cause?: unknown) {
    const [status, summary] = ERRORS[code]
    super(detail === '' ? summary : `${summary} ${detail}`, cause === undefined ? undefined : { cause })
    this.name = 'SessionError'
    this.code = code
    this.status = status
    this.headers = status === 503 ? { 'retry-after': '1' } : {}
  }

  /** For logs: includes the message, which JSON omits from errors, and the code and message of the cause. */
  toJSON(): object {
    return toLogged(this) ?? {}
  }

  /** The same as `status`, under the name that Fastify reads. */
  get statusCode(): number {
    return this.status
  }
}

interface Logged extends Partial<Record<'name' | 'code' | 'status' | 'message' | 'cause', unknown>> {
  readonly errors?: { readonly 0?: unknown } | null
}

/** A chain of causes may be a circle. */
const MAX_CAUSES = 5

/**
 * What a log line shows of an error: JSON omits the message of one. Empty for what is no error. Never throws, because a log must
 * not fail on an error of a driver.
 */
export function toLogged(error: unknown, causes = 0): object | undefined {
  try {
    if (causes > MAX_CAUSES || !isError(error)) return
    const { name, code, status, message, cause, errors } = error as Logged
    return {
      name: shown(name),
      code: shown(code),
      status: shown(status),
      // Node tries each address of a host, and leaves the message of the whole empty.
      message: shown(message || Object(errors?.[0]).message),
      cause: toLogged(cause, causes + 1),
    }
  } catch {
    // A getter threw.
    return {}
  }
}

/** Also an error of another realm (`node:vm`, Jest), which is no instance of this one's class. */
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

/** Texts and numbers, without a password. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\S+/g, withoutUser).replace(SECRET, '$1')
  return typeof value === 'number' ? value : undefined
}

/** A URL without its user and password. The password may contain any character, so the last `@` counts. */
function withoutUser(word: string): string {
  const start = word.indexOf('//') + 2
  const end = word.lastIndexOf('@') + 1
  return start > 1 && end > start ? word.slice(0, start) + word.slice(end) : word
}

/** The value of such a parameter, in a URL (`?password=x`) or a list of settings (`host=db password='x y'`). */
const SECRET = /((?:pass|pwd|secret|token|key)\w{0,20}\s?=\s?)(?:'[^']*'|"[^"]*"|[^\s&;]+)/gi
