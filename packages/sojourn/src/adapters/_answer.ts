import type { Answer } from '../core/contracts/guard.ts'

/** A whole response that Sojourn gives by itself, in place of the application's. */
export interface OwnResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' } as const

/** What a guard answered in place of the handler. */
export function toOwnResponse({ status, message, headers, body }: Answer): OwnResponse {
  return { status, headers: { ...HEADERS, ...headers }, body: body ?? `${message}\n` }
}

/** The error's own `status` and `headers`, and a text that tells the client nothing about the server's insides. */
export function toErrorResponse(error: unknown): OwnResponse {
  const { status, headers } = (error ?? {}) as { status?: unknown; headers?: Record<string, string> }
  const code = typeof status === 'number' && status >= 400 && status <= 599 ? status : 500
  const body =
    code === 503 ? 'The server cannot answer right now. Try again in a moment.\n' : 'The server could not answer.\n'
  return { status: code, headers: { ...HEADERS, ...headers }, body }
}

/** Whether waiting can help. Everything else is a mistake in the application, and its developer has to hear of it. */
export function isOutage(error: unknown): boolean {
  return toErrorResponse(error).status === 503
}

export function toResponse({ status, headers, body }: OwnResponse): Response {
  return new Response(body, { status, headers })
}

/** For errors that no framework hears of. An outage is an event of the sessions already. */
export function reportMistake(error: unknown): void {
  if (!isOutage(error)) console.error(error)
}
