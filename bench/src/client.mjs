import { Agent, request } from 'node:http'

/** @typedef {{ status: number, body: any, cookies: string[] }} Reply */

/**
 * @param {Agent} agent
 * @param {number} port
 * @param {string} route `GET /read`
 * @param {string} cookie
 * @returns {Promise<Reply>}
 */
function ask(agent, port, route, cookie) {
  const [method, path] = route.split(' ')
  const headers = { 'sec-fetch-site': 'same-origin', ...(cookie !== '' && { cookie }) }
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, method, path, headers }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk) => {
        text += chunk
      })
      res.on('error', reject)
      res.on('end', () => {
        resolve({ status: res.statusCode ?? 0, body: bodyOf(text), cookies: res.headers['set-cookie'] ?? [] })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** @param {string} text */
function bodyOf(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * A browser, as far as cookies go: what was set last is sent, what was expired is not.
 *
 * @param {number} port
 */
export function createClient(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  /** @type {Map<string, string>} */
  const jar = new Map()

  /** @param {string} setCookie */
  function keep(setCookie) {
    const [pair = '', ...attributes] = setCookie.split('; ')
    const at = pair.indexOf('=')
    const gone = attributes.some(isPast)
    if (gone) jar.delete(pair.slice(0, at))
    else jar.set(pair.slice(0, at), pair.slice(at + 1))
  }

  return {
    cookie: () => Array.from(jar, ([name, value]) => `${name}=${value}`).join('; '),
    /**
     * With the jar's cookies, which the answer changes; or with `cookie`, leaving the jar alone.
     *
     * @param {string} route
     * @param {string} [cookie]
     */
    async ask(route, cookie) {
      const reply = await ask(agent, port, route, cookie ?? this.cookie())
      if (cookie === undefined) for (const each of reply.cookies) keep(each)
      return reply
    },
    forget: () => jar.clear(),
    close: () => agent.destroy(),
  }
}

/** @param {string} attribute */
function isPast(attribute) {
  const [name = '', value = ''] = attribute.split('=')
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0
  return name.toLowerCase() === 'expires' && Date.parse(value) < Date.now()
}
