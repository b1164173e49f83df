import { type Exchange, valuesOf } from '../../http/exchange.ts'
import { parseSetCookie, type SetCookie } from '../../judge/cookie/set-cookie.ts'

export interface CookieSetting {
  readonly cookie: SetCookie
  readonly exchange: Exchange
}

/** The last time each of these cookies was set to a value, in the order of names. */
export function settingsOf(exchanges: readonly Exchange[], names: Iterable<string>): CookieSetting[] {
  const all = exchanges.flatMap((exchange) =>
    valuesOf(exchange.response?.headers ?? [], 'set-cookie').flatMap((line) => {
      const cookie = parseSetCookie(line, exchange.startedAt)
      const ends = cookie?.value === '' || (cookie?.maxAgeSeconds ?? 1) <= 0
      return cookie === null || ends ? [] : [{ cookie, exchange }]
    }),
  )
  return [...new Set(names)].flatMap((name) => all.findLast(({ cookie }) => cookie.name === name) ?? [])
}
