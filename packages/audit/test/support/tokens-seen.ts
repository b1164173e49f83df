import type { Exchange, Report } from '@sojourn/audit'

/** Shorter values would appear in a report by chance. */
const SHORTEST = 16

/** A random value of this many characters, and no words in between. */
const LONG_RUN = new RegExp(`[\\w-]{${SHORTEST},}`)

/** In a body: a JWT, or an id of 32 hex digits. */
const IN_BODY = /\beyJ[\w-]+\.[\w-]+\.[\w-]*|\b[0-9a-f]{32}\b/g

/** Every token that was sent or received, whole and in parts. */
export function tokensIn({ request, response }: Pick<Exchange, 'request' | 'response'>): string[] {
  const values = (headers: Exchange['request']['headers'], name: string) =>
    headers.filter(([held]) => held.toLowerCase() === name).map(([, value]) => value)
  const pairs = [
    ...values(request.headers, 'cookie').flatMap((line) => line.split('; ')),
    ...values(response?.headers ?? [], 'set-cookie').map((line) => line.split(';')[0] ?? ''),
  ]
  const whole = [
    ...pairs.map((pair) => pair.slice(pair.indexOf('=') + 1)),
    ...values(request.headers, 'authorization').map((line) => line.replace(/^Bearer /, '')),
    ...(response?.body.match(IN_BODY) ?? []),
  ]
  return whole.filter((value) => LONG_RUN.test(value)).flatMap((value) => [value, ...partsOf(value)])
}

/** The id and the signature of `s:<id>.<signature>`; the three parts of a JWT. */
export function partsOf(token: string): string[] {
  return decoded(token)
    .split(/[.:|~&=\s]+|--/)
    .filter((part) => part.length >= SHORTEST)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Which of these the report shows. */
export function shownIn(report: Report, tokens: Iterable<string>): string[] {
  const text = JSON.stringify(report)
  return [...new Set(tokens)].filter((token) => text.includes(JSON.stringify(token).slice(1, -1)))
}
