/** Header fields in the order they went over the wire, names in lower case. */
export type Headers = readonly (readonly [name: string, value: string])[]

export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: string | null
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  /** At most the engine's `maxBodyBytes`, as UTF-8. */
  readonly body: string
}

/** One request and what came of it, as it was: secrets included. Only masked copies leave the audit. */
export interface Exchange {
  /** Counts all exchanges of the audit, from 1. */
  readonly number: number
  readonly client: string
  readonly purpose: string
  /** ms since the epoch. */
  readonly startedAt: number
  readonly durationMs: number
  readonly request: SentRequest
  /** `null` when no answer came; `fault` says why. */
  readonly response: HttpResponse | null
  readonly fault: string | null
}

/** Values of a header field, in order; names without regard to case. */
export function valuesOf(headers: Headers, name: string): string[] {
  const wanted = name.toLowerCase()
  return headers.filter(([held]) => held.toLowerCase() === wanted).map(([, value]) => value)
}

/** All values of a header field, joined as one; `null` when there is none. */
export function headerOf(message: { readonly headers: Headers } | null, name: string): string | null {
  const values = message === null ? [] : valuesOf(message.headers, name)
  return values.length === 0 ? null : values.join(', ')
}

export const isHtml = (response: HttpResponse | null): boolean =>
  headerOf(response, 'content-type')?.includes('html') === true

/** Whether this answer gave the value out: in a `Set-Cookie`, or in its body. */
export function gave({ response }: Exchange, value: string): boolean {
  if (response === null) return false
  const isSet = response.headers.some(([name, held]) => name.toLowerCase() === 'set-cookie' && held.includes(value))
  return isSet || response.body.includes(value)
}
