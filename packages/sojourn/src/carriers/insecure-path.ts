import { demandName } from './_in-pages.ts'
import { inUrls, type UrlCarrier } from './_in-urls.ts'

export type { UrlCarrier } from './_in-urls.ts'

/**
 * Carries the token in a path parameter, `/cart;session=…?page=2`, as servlet containers do with `;jsessionid=`. Everything else is
 * as with `insecureQueryCarrier`. Routers do not know path parameters: give them the address without (`strip`), after the adapter.
 *
 * ```ts
 * const urls = insecurePathCarrier()
 * const sessions = createSessions({ carriers: [cookieCarrier(), urls] })
 * app.use(expressSessions(sessions), (req, _res, next) => {
 *   req.url = urls.strip(req.url)
 *   next()
 * })
 * ```
 *
 * @throws `ERR_OPTION` if the name has other characters than letters, digits and `_`.
 */
export function insecurePathCarrier(name: string = 'session'): UrlCarrier {
  const parameter = demandName(name, 'insecurePathCarrier')
  return inUrls({
    name: 'path',
    parameter,
    pattern: new RegExp(`(;)${parameter}=([^;/?#]*)`, 'g'),
    partOf: (url) => /^[^?#]*/.exec(url)?.[0] ?? '',
    add(url, token) {
      const [, path = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(url) ?? []
      return `${path};${parameter}=${token}${rest}`
    },
    needsField: false,
  })
}
