import { demandName } from './_in-pages.ts'
import { inUrls, type UrlCarrier } from './_in-urls.ts'

export type { UrlCarrier } from './_in-urls.ts'

/**
 * Carries the token in a parameter of the address, `/cart?sid=…`, for clients that keep no cookie. Insecure: addresses end up in
 * histories, logs, `Referer` and shared links, and whoever has one is logged in. Put it after the cookie: a client that keeps
 * cookies gets another token there, and the one in the address dies.
 *
 * A token counts only in requests of the application's own pages, the address bar and programs (`Sec-Fetch-Site`): a link on another
 * site must not plant the attacker's session.
 *
 * ```ts
 * const urls = insecureQueryCarrier('sid')
 * const sessions = createSessions({ carriers: [cookieCarrier(), urls] })
 * app.get('/', async (req, res) => res.send(await urls.rewrite(req.session, page)))
 * ```
 *
 * @throws `ERR_OPTION` if the name has other characters than letters, digits and `_`.
 */
export function insecureQueryCarrier(name: string): UrlCarrier {
  const parameter = demandName(name, 'insecureQueryCarrier')
  return inUrls({
    name: 'query',
    parameter,
    pattern: new RegExp(`([?&])${parameter}=([^&]*)`, 'g'),
    partOf: (url) => /\?[^#]*/.exec(url)?.[0] ?? '',
    add(url, token, and) {
      const [, before = '', hash = ''] = /^([^#]*)(.*)$/s.exec(url) ?? []
      return `${before}${before.includes('?') ? and : '?'}${parameter}=${token}${hash}`
    },
    needsField: true,
  })
}
