import { type Exchange, headerOf } from '../http/exchange.ts'

/** `;jsessionid=...`: where servlets write the id for clients that have not sent a cookie yet. */
const PATH_PARAMETER = /;[\w.-]+=[^/;?#]*/g

export const withoutPathParameters = (address: string): string => {
  const [path = '', ...query] = address.split('?')
  return [path.replace(PATH_PARAMETER, ''), ...query].join('?')
}

/** Returns an address without the parts that seem to be valid for one session only: ids in its path, tokens in its query. */
export function withoutBoundParts(address: string): string {
  const [path = '', query] = withoutPathParameters(address).split('?')
  if (query === undefined) return path
  const kept = query.split('&').filter((pair) => !isRandom(pair.slice(pair.indexOf('=') + 1)))
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

/** Long and not a word: letters and digits mixed, or letters of both cases without a sign between them. */
function isRandom(value: string): boolean {
  if (!/^[\w~.%+/=-]{16,}$/.test(value)) return false
  return /\d/.test(value) ? /[A-Za-z]/.test(value) : /[a-z][A-Z].*[a-z][A-Z].*[a-z][A-Z]/.test(value)
}

/** The address with a trailing slash, if the answer redirects there: some frameworks accept no other. */
export function withSlash({ request, response }: Exchange): string | null {
  const location = headerOf(response, 'location')
  if (location === null || ![301, 302, 307, 308].includes(response?.status ?? 0)) return null
  const asked = new URL(request.url)
  if (!URL.canParse(location, asked.href)) return null
  const { pathname, search, origin } = new URL(location, asked)
  return origin === asked.origin && pathname === `${asked.pathname}/` ? pathname + search : null
}
