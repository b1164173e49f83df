import { SessionError } from '../core/contracts/errors.ts'
import type { Answer } from '../core/contracts/guard.ts'

/** A whole response that Sojourn sends in place of the application's. */
export interface OwnResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' } as const

/** Responses with these statuses have no body, and `Response` throws if it gets one. */
const WITHOUT_BODY: readonly number[] = [204, 205, 304]

/** Converts what a guard answered in place of the handler. */
export function toOwnResponse({ status, message, headers, body }: Answer): OwnResponse {
  const isBare = WITHOUT_BODY.includes(status)
  // Otherwise `Content-Type` is sent beside the default.
  const named = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  return { status, headers: { ...HEADERS, ...Object.fromEntries(named) }, body: isBare ? '' : (body ?? `${message}\n`) }
}

/** Uses the error's own `status` and `headers`, and a text that reveals nothing about the server. */
export function toErrorResponse(error: unknown): OwnResponse {
  const { status, headers } = (error ?? {}) as { status?: unknown; headers?: Record<string, string> }
  const code = typeof status === 'number' && status >= 400 && status <= 599 ? status : 500
  const body =
    code === 503
      ? 'The server cannot answer right now. Try again in a moment.\n'
      : isRefusal(error)
        ? `${error.message}\n`
        : 'The server could not answer.\n'
  return { status: code, headers: { ...HEADERS, ...headers }, body }
}

/** Whether a guard refused the request or a login while the handler ran. The text is for the person who reads the response. */
export function isRefusal(error: unknown): error is SessionError {
  return error instanceof SessionError && (error.code === 'ERR_DENIED' || error.code === 'ERR_LOGIN_REFUSED')
}

/** Whether the error has a status of its own. An error with 500 is a mistake in the application, which the framework reports. */
export function isAnswered(error: unknown): error is SessionError {
  return error instanceof SessionError && error.status !== 500
}

/** Whether the client can succeed by waiting. Every other error is a mistake in the application, so the developer must see it. */
export function isOutage(error: unknown): boolean {
  return toErrorResponse(error).status === 503
}

export function toResponse({ status, headers, body }: OwnResponse): Response {
  return new Response(body === '' ? null : body, { status, headers })
}

/** Prints errors that do not reach the framework. Outages are already events of the sessions. */
export function reportMistake(error: unknown): void {
  if (!isOutage(error) && !isRefusal(error)) console.error(error)
}
