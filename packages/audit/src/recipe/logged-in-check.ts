import type { Exchange, Headers } from '../http/exchange.ts'
import { fill, type Variables } from './fill.ts'
import type { LoggedInCheck } from './recipe.ts'

/** `unknown`: neither, for example after a network or server error, or because of a rate limit. */
export type State = 'in' | 'out' | 'unknown'

/** The request of the logged-in check. */
export function requestOf(
  { get, headers = {} }: LoggedInCheck,
  variables: Variables,
): { readonly url: string; readonly headers: Headers } {
  return {
    url: fill(get, variables, encodeURIComponent),
    headers: Object.entries(headers).map(([name, value]) => [name, fill(value, variables)] as const),
  }
}

/** Returns what an answer to the logged-in check shows about the client. */
export function stateOf({ response }: Pick<Exchange, 'response'>, check: LoggedInCheck, variables: Variables): State {
  // A server error or a rate limit reveals nothing about the session.
  if (response === null || response.status === 429 || response.status >= 500) return 'unknown'
  const contains = (text: string) => response.body.includes(fill(text, variables))
  const holds =
    response.status === (check.status ?? 200) &&
    (check.text === undefined || contains(check.text)) &&
    (check.notText === undefined || !contains(check.notText))
  return holds ? 'in' : 'out'
}
