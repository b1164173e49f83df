import { type Exchange, headerOf } from '../http/exchange.ts'

/** The address with a slash behind it, where the answer sends there: some frameworks know no other. */
export function withSlash({ request, response }: Exchange): string | null {
  const location = headerOf(response, 'location')
  if (location === null || ![301, 302, 307, 308].includes(response?.status ?? 0)) return null
  const asked = new URL(request.url)
  if (!URL.canParse(location, asked.href)) return null
  const { pathname, search, origin } = new URL(location, asked)
  return origin === asked.origin && pathname === `${asked.pathname}/` ? pathname + search : null
}
