/** Header fields in the order of the wire, names in lower case. */
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

/** One request and its answer, unmasked. Only masked copies leave the audit. */
export interface Exchange {
  /** Counts all exchanges of the audit, from 1. */
  readonly number: number
  readonly client: string
  readonly purpose: string
  /** In ms since the epoch. */
  readonly startedAt: number
  readonly durationMs: number
  readonly request: SentRequest
  /** `null` if no answer came; `fault` has the reason. */
  readonly response: HttpResponse | null
  readonly fault: string | null
}

/** Returns the values of a header field, in order. Names are compared case-insensitively. */
export function valuesOf(headers: Headers, name: string): string[] {
  const wanted = name.toLowerCase()
  return headers.filter(([held]) => held.toLowerCase() === wanted).map(([, value]) => value)
}

/** Returns all values of a header field joined as one. `null` if there is none. */
export function headerOf(message: { readonly headers: Headers } | null, name: string): string | null {
  const values = message === null ? [] : valuesOf(message.headers, name)
  return values.length === 0 ? null : values.join(', ')
}

export const isHtml = (response: HttpResponse | null): boolean =>
  headerOf(response, 'content-type')?.includes('html') === true

/** Whether this answer issued the value, in a `Set-Cookie` or in its body. */
export function gave({ response }: Exchange, value: string): boolean {
  if (response === null) return false
  const isSet = response.headers.some(([name, held]) => name.toLowerCase() === 'set-cookie' && held.includes(value))
  return isSet || response.body.includes(value)
}
