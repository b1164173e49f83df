/** A browser as far as cookies and forms go: it keeps and sends cookies as RFC 6265bis says, and names the page of a request. */
import { request as send } from 'node:http'
import { CookieJar } from 'tough-cookie'

const HOST = 'www.shop.example'
export const SHOP = `https://${HOST}`

/** The pages from which a request may come, and what the browser tells about each. */
const PAGES = {
  own: { origin: SHOP, 'sec-fetch-site': 'same-origin', sameSiteContext: 'strict' },
  sibling: { origin: 'https://blog.shop.example', 'sec-fetch-site': 'same-site', sameSiteContext: 'strict' },
  stranger: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', sameSiteContext: 'none' },
}

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {string} body
 */

/**
 * @typedef {object} Browser
 * @property {CookieJar} jar
 * @property {(route: string, options?: { from?: keyof typeof PAGES, form?: Record<string, string>, cookie?: string }) => Promise<Reply>} ask
 * `route`: `'POST /login'`. `cookie` is sent in place of what the jar holds.
 * @property {() => string} cookie what the browser sends to the shop
 * @property {() => Browser} copy another browser with the same cookies
 */

/**
 * @param {number} port
 * @param {CookieJar} jar
 * @returns {Browser}
 */
export function createBrowser(port, jar = new CookieJar(undefined, { prefixSecurity: 'strict' })) {
  return {
    jar,
    cookie: () => jar.getCookieStringSync(SHOP),
    copy: () => createBrowser(port, CookieJar.deserializeSync(jar.serializeSync() ?? '{}')),
    async ask(route, { from = 'own', form = {}, cookie } = {}) {
      const [method = '', path = ''] = route.split(' ')
      const { sameSiteContext, ...facts } = PAGES[from]
      const context = /** @type {'strict' | 'none'} */ (sameSiteContext)
      const sent = cookie ?? jar.getCookieStringSync(SHOP + path, { sameSiteContext: context })
      const reply = await exchange(
        port,
        method,
        path,
        {
          ...(method === 'GET' ? { 'sec-fetch-site': facts['sec-fetch-site'] } : facts),
          ...(sent !== '' && { cookie: sent }),
          ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        method === 'POST' ? new URLSearchParams(form).toString() : '',
      )
      for (const line of reply.headers['set-cookie'] ?? []) jar.setCookieSync(line, SHOP + path, { ignoreError: true })
      return reply
    },
  }
}

/**
 * A request as the proxy in front of the shop passes it on. It arrived over HTTPS.
 * @param {number} port
 * @param {string} method
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {string} body
 * @returns {Promise<Reply>}
 */
function exchange(port, method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const forwarded = { host: HOST, 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' }
    const request = send({ port, method, path, headers: { ...forwarded, ...headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}
