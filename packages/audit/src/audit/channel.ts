import type { Exchange } from '../http/exchange.ts'
import { valuesOf } from '../http/exchange.ts'
import { isLoopback } from '../judge/cookie/loopback.ts'
import { parseSetCookie, type SetCookie } from '../judge/cookie/set-cookie.ts'

/** How an address is reached, as far as it matters to cookies. */
export function channelOf(url: URL): 'https' | 'http-loopback' | 'http' {
  if (url.protocol === 'https:') return 'https'
  return isLoopback(url.hostname) ? 'http-loopback' : 'http'
}

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
