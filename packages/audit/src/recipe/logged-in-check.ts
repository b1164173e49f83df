import type { Exchange, Headers } from '../http/exchange.ts'
import { fill, type Variables } from './fill.ts'
import type { LoggedInCheck } from './recipe.ts'

/** `unknown`: neither, as with a fault of the network or of the server, or with a limit on requests. */
export type State = 'in' | 'out' | 'unknown'

/** Where the logged-in check asks, and with what headers. */
export function requestOf(
  { get, headers = {} }: LoggedInCheck,
  variables: Variables,
): { readonly url: string; readonly headers: Headers } {
  return {
    url: fill(get, variables, encodeURIComponent),
    headers: Object.entries(headers).map(([name, value]) => [name, fill(value, variables)] as const),
  }
}

/** What an answer to the logged-in check says about who asked. */
export function stateOf({ response }: Pick<Exchange, 'response'>, check: LoggedInCheck, variables: Variables): State {
  // A server that is broken, or tired of us, says nothing about the session.
  if (response === null || response.status === 429 || response.status >= 500) return 'unknown'
  const contains = (text: string) => response.body.includes(fill(text, variables))
  const holds =
    response.status === (check.status ?? 200) &&
    (check.text === undefined || contains(check.text)) &&
    (check.notText === undefined || !contains(check.notText))
  return holds ? 'in' : 'out'
}
